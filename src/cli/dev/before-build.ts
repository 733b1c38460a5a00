import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isServed } from '../environment/origin.ts'
import { DEFAULT_STATE, neededMigrations, PROJECT } from '../environment/project.ts'

// Wrangler runs this before it builds the top level of wrangler.toml, and prints its output first.

const { CLINIC_STATE: prepared, WRANGLER_COMMAND: command } = process.env

if (command !== 'dev' && command !== undefined) {
  console.log(`
error: this would deploy the configuration of a local server. Deploy an environment:

  npm run deploy -- --env production
`)
  process.exit(1)
}

const problem = problemOf(prepared ?? DEFAULT_STATE)
if (problem) console.log(`\n${problem}\n`)

function problemOf(state: string): string | undefined {
  const applied = globSync(join(state, 'v3/d1/*/*.sqlite')).flatMap(appliedIn)
  const missing = neededMigrations().filter((name) => !applied.includes(name))
  if (missing.length > 0 && prepared) {
    return `migrations are missing (${missing.join(', ')}): restart \`npm run dev\` to migrate`
  }
  if (missing.length > 0) {
    return 'This local store lacks migrations. Stop this, and run `npm run dev`: it migrates, makes a key and loads a demo.'
  }
  if (prepared) return undefined
  if (isServed(state)) {
    return '`npm run dev` serves this local store already: stop one of the two servers.'
  }
  if (existsSync(join(PROJECT, '.dev.vars'))) return undefined
  return 'There is no key for SSNs: run `npm run dev` once, which makes one.'
}

function appliedIn(file: string): string[] {
  using database = new DatabaseSync(file, { readOnly: true })
  try {
    const rows = database.prepare('SELECT name FROM d1_migrations').all()
    return rows.map(({ name }) => String(name))
  } catch {
    // The database was never migrated, or is one of Miniflare's own.
    return []
  }
}
