import type { Session } from '../../storage/session.ts'
import { wranglerFlags, type Environment } from './choose.ts'
import { neededMigrations } from './project.ts'

/** Compares the database with this folder: `missing` are not applied, and `unknown` are applied but not here. */
export async function compareMigrations(db: Session) {
  const files = neededMigrations()
  const find = db.prepare("SELECT name FROM sqlite_master WHERE name = 'd1_migrations'")
  const [tables] = await db.batch([find])
  if (tables?.results.length === 0) return { missing: files, unknown: [], isNew: true }
  const [applied] = await db.batch<{ name: string }>([db.prepare('SELECT name FROM d1_migrations')])
  const names = (applied?.results ?? []).map(({ name }) => name)
  return {
    missing: files.filter((file) => !names.includes(file)),
    unknown: names.filter((name) => !files.includes(name)),
    isNew: names.length === 0,
  }
}

export function applyMigrations(environment: Environment) {
  const isRemote = environment.place === 'remote'
  const where = isRemote ? ['--remote'] : ['--local', '--persist-to', environment.state]
  return ['d1', 'migrations', 'apply', 'DB', ...where, ...wranglerFlags(environment)]
}
