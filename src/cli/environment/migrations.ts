import type { Session } from '../../storage/session.ts'
import { wranglerFlags, type Environment } from './choose.ts'
import { neededMigrations } from './project.ts'

/** Compares the database with this folder: `missing` are not applied, and `unknown` are applied but not here. */
export async function compareMigrations(db: Session) {
  const files = neededMigrations()
  const [tables] = await db.batch([
    db.prepare("SELECT name FROM sqlite_master WHERE name = 'd1_migrations'"),
  ])
  if (tables?.results.length === 0) return { missing: files, unknown: [], isNew: true }
  const [applied] = await db.batch<{ name: string }>([db.prepare('SELECT name FROM d1_migrations')])
  const names = (applied?.results ?? []).map(({ name }) => name)
  return {
    missing: files.filter((file) => !names.includes(file)),
    unknown: names.filter((name) => !files.includes(name)),
    isNew: names.length === 0,
  }
}

export const applyMigrations = (environment: Environment) => [
  ...['d1', 'migrations', 'apply', 'DB'],
  ...(environment.place === 'remote'
    ? ['--remote']
    : ['--local', '--persist-to', environment.state]),
  ...wranglerFlags(environment),
]
