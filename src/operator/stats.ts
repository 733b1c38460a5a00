import { sql, type SQL } from 'drizzle-orm/sql/sql'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { getTableColumns } from 'drizzle-orm/utils'
import { prepared } from '../storage/prepared.ts'
import type { Session } from '../storage/session.ts'
import * as tables from '../storage/tables.ts'
import type { Resource } from '../records/resource.ts'

const { changes, ownables, deletions, accesses, idempotencyKeys } = tables
const OF_A_CLINIC = [ownables, deletions, changes, accesses, idempotencyKeys]
const OF_ALL = [tables.plans, tables.stagedPlans, tables.planLists, tables.planWords]

/** How many rows, and how many bytes their columns hold. */
export type Size = { rows: number; bytes: number }

const sizeOf = (table: SQL | SQLiteTable, names: readonly string[], where: SQL) => {
  const columns = names.map((name) => `ifnull(octet_length(${name}), 0)`)
  return prepared(
    sql`SELECT count(*) AS rows, ifnull(sum(${sql.raw(columns.join(' + '))}), 0) AS bytes
      FROM ${table} WHERE ${where}`,
  )
}

const described = (table: SQLiteTable) => ({
  table,
  columns: Object.keys(getTableColumns(table)),
})

const sum = (sizes: readonly Size[]): Size => ({
  rows: sizes.reduce((total, { rows }) => total + rows, 0),
  bytes: sizes.reduce((total, { bytes }) => total + bytes, 0),
})

/** A clinic's records by resource, all its rows, and the records that it created in each of the last weeks, oldest first. */
export async function clinicStats(
  db: Session,
  resources: readonly Resource[],
  clinicId: string,
  weeks: number,
  now = Date.now(),
) {
  const all = [
    ...resources.map(({ table, columns }) => ({ table, columns: ['clinic_id', ...columns] })),
    ...OF_A_CLINIC.map(described),
  ]
  const values = {
    clinicId,
    now: new Date(now).toISOString(),
    since: new Date(now - weeks * 7 * 24 * 60 * 60 * 1000).toISOString(),
  }
  const measured = await db.batch<Size>(
    all.map(({ table, columns }) => sizeOf(table, columns, sql`clinic_id = :clinicId`)(db, values)),
  )
  const sizes = measured.flatMap(({ results }) => results)
  const [created] = await db.batch<{ weeks_ago: number; count: number }>([
    selectCreated(db, values),
  ])
  const byWeek = new Map(created?.results.map(({ weeks_ago, count }) => [weeks_ago, count]))
  return {
    records: Object.fromEntries(resources.map(({ name }, n) => [name, sizes[n]?.rows ?? 0])),
    createdByWeek: Array.from({ length: weeks }, (_, n) => byWeek.get(weeks - 1 - n) ?? 0),
    ...sum(sizes),
  }
}

const selectCreated = prepared(
  sql`SELECT CAST((julianday(:now) - julianday(at)) / 7 AS INTEGER) AS weeks_ago, count(*) AS count
    FROM ${changes} WHERE clinic_id = :clinicId AND action = 'create' AND at > :since AND at <= :now
    GROUP BY weeks_ago`,
)

/** What all clinics share: the plans, the size of the catalogue's rows, and that of the database in bytes. */
export async function sharedStats(db: Session) {
  const measured = await db.batch<Size>(
    OF_ALL.map(described).map(({ table, columns }) => sizeOf(table, columns, sql`true`)(db, {})),
  )
  const sizes = measured.flatMap(({ results }) => results)
  return {
    plans: sizes[0]?.rows ?? 0,
    databaseBytes: measured[0]?.meta.size_after ?? 0,
    ...sum(sizes),
  }
}
