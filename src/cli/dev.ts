import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { Command } from 'commander'
import { makeSsnKeyPair, type SsnKeyPair } from '../ssn/open.ts'
import { DEMO_TOKENS, isEmpty, loadDemo } from './demo.ts'
import {
  CONFIG,
  DEFAULT_STATE,
  openStore,
  PROJECT,
  resolveFromCaller,
  type Store,
} from './store.ts'

const WRANGLER = join(PROJECT, 'node_modules/wrangler/bin/wrangler.js')
const MIGRATIONS = join(PROJECT, 'migrations')

const { port, persistTo } = new Command('dev')
  .description('Serve the API locally: migrated, with keys and a demo.')
  .option('--port <number>', 'the port to listen on', '8787')
  .option('--persist-to <dir>', 'the folder for all local state', DEFAULT_STATE)
  .parse()
  .opts<{ port: string; persistTo: string }>()
const state = resolveFromCaller(persistTo)

if (!(await isFree(Number(port)))) {
  process.stderr.write(`error: port ${port} is taken; choose another with --port\n`)
  process.exit(1)
}
const key = await developmentKey(join(state, 'ssn-development-key.json'))
const store = await openMigrated()
if (await isEmpty(store.db)) await loadDemo(store, key.publicKey)
await store.close()

const url = `http://localhost:${port}/v1/clinic/insurances`
process.stdout.write(`
Clinic Insurances API on http://localhost:${port} (state in ${state})

  riverside  ${DEMO_TOKENS.riverside}
  lakeside   ${DEMO_TOKENS.lakeside}

Its reference, to read and to try: http://localhost:${port}/docs

Or try it in another terminal:

  curl -H 'X-User-Token: ${DEMO_TOKENS.riverside}' '${url}/plans?page_size=2'

`)
const server = wrangler(
  ['dev', '--port', port, '--var', `SSN_PUBLIC_KEY:${key.publicKey}`],
  'inherit',
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal))
server.on('exit', (code) => process.exit(code ?? 0))

function wrangler(args: string[], output: 'inherit' | 'ignore') {
  return spawn(
    process.execPath,
    [WRANGLER, ...args, '--config', CONFIG, '--persist-to', state],
    // Without a terminal on its input, wrangler applies migrations without asking.
    { cwd: PROJECT, stdio: [output, output, 'inherit'] },
  )
}

/** The store with every migration applied; wrangler is started for that only if one is missing. */
async function openMigrated(): Promise<Store> {
  const opened = await openStore({ local: true, persistTo: state })
  if ((await appliedMigrations(opened)) === (await readdir(MIGRATIONS)).length) return opened

  await opened.close()
  const apply = wrangler(['d1', 'migrations', 'apply', 'DB', '--local'], 'ignore')
  const code = await new Promise((resolve) => apply.on('exit', resolve))
  if (code !== 0) process.exit(1)
  return await openStore({ local: true, persistTo: state })
}

async function appliedMigrations({ db }: Store): Promise<number> {
  const [tables] = await db.batch([
    db.all(sql`SELECT name FROM sqlite_master WHERE name = 'd1_migrations'`),
  ])
  if (tables.length === 0) return 0
  const [applied] = await db.batch([db.all(sql`SELECT name FROM d1_migrations`)])
  return applied.length
}

/** The key pair of this local state, made at its first start. The private half never reaches the Worker. */
async function developmentKey(file: string): Promise<SsnKeyPair> {
  const kept = await readFile(file, 'utf8').catch(() => undefined)
  if (kept !== undefined) return JSON.parse(kept)

  const made = await makeSsnKeyPair()
  await mkdir(state, { recursive: true })
  await writeFile(file, JSON.stringify(made), { mode: 0o600 })
  return made
}

function isFree(wanted: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(wanted, 'localhost', () => probe.close(() => resolve(true)))
  })
}
