import { existsSync, globSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isServed } from '../environment/origin.ts'
import { DEFAULT_STATE, PROJECT } from '../environment/project.ts'

// Wrangler runs this before it builds the top level of wrangler.toml, and prints it on its first lines.

const { CLINIC_STATE: prepared, WRANGLER_COMMAND: command } = process.env

if (command !== 'dev' && command !== undefined) {
  console.log(`
error: this would deploy the configuration of a local server. Deploy an environment:

  npm run deploy -- --env production
`)
  process.exit(1)
}

const state = prepared ?? DEFAULT_STATE
const missing = missingMigrations(state)
if (missing.length > 0) {
  console.log(
    prepared
      ? `\nmigrations are missing (${missing.join(', ')}): restart \`npm run dev\` to migrate\n`
      : '\nThis local store lacks migrations. Stop this, and run `npm run dev`: it migrates, makes a key and loads a demo.\n',
  )
} else if (!prepared && isServed(state)) {
  console.log('\n`npm run dev` serves this local store already: stop one of the two servers.\n')
} else if (!prepared && !existsSync(join(PROJECT, '.dev.vars'))) {
  console.log('\nThere is no key for SSNs: run `npm run dev` once, which makes one.\n')
}

/** The migrations that the local database has not seen. */
function missingMigrations(folder: string): string[] {
  const needed = readdirSync(join(PROJECT, 'migrations')).filter((name) => name.endsWith('.sql'))
  const applied = globSync('v3/d1/*/*.sqlite', { cwd: folder }).flatMap((file) =>
    appliedIn(join(folder, file)),
  )
  return needed.filter((name) => !applied.includes(name))
}

function appliedIn(file: string): string[] {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    return database
      .prepare('SELECT name FROM d1_migrations')
      .all()
      .map(({ name }) => String(name))
  } catch {
    // A database that was never migrated, or another one of Miniflare's.
    return []
  } finally {
    database.close()
  }
}
