// Loaded before the command line, `npm run dev` and the build. It is JavaScript, so that an old Node can read it.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

const PROJECT = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../..')

const packageOf = (folder) => {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  } catch {
    return {}
  }
}

function fail(sentence) {
  console.error(`error: ${sentence}`)
  process.exit(1)
}

const missing = Object.entries(packageOf(PROJECT).devDependencies).filter(
  ([name, wanted]) =>
    packageOf(join(PROJECT, 'node_modules', name)).version !== wanted.replace(/^npm:.*@/, ''),
)
if (missing.length > 0) {
  const names = missing.map(([name]) => name)
  const some = names.length > 3 ? `${names.length} packages` : names.join(', ')
  fail(`${some} must be installed, or brought up to date: run \`npm ci --include=dev\``)
}
if (!process.features.typescript || parseInt(process.versions.node) < 24) {
  fail(
    `Node ${process.versions.node} is too old: run \`npm rebuild node --ignore-scripts=false\`, which brings Node 24`,
  )
}

// Which environment is meant is said by `--env`, never by the shell.
delete process.env.CLOUDFLARE_ENV

// A proxy of the shell's is not for this machine's own servers.
const { no_proxy, NO_PROXY = no_proxy } = process.env
process.env.no_proxy = process.env.NO_PROXY = [NO_PROXY, 'localhost', '127.0.0.1', '[::1]']
  .filter(Boolean)
  .join(',')

// Wrangler keeps things in the home folder, which a container may not let it.
try {
  const config = join(homedir(), '.config')
  accessSync(existsSync(config) ? config : `${homedir()}/`, constants.W_OK)
} catch {
  process.env.XDG_CONFIG_HOME ??= join(PROJECT, '.wrangler/config')
}

// Most of a short run goes into compiling, so what was compiled is kept for the next one.
module.enableCompileCache(join(PROJECT, 'node_modules/.cache/clinic'))
