import { sql } from 'drizzle-orm/sql/sql'
import type { Session } from '../storage/session.ts'
import { rows, statements } from '../storage/statement.ts'
import { changes } from '../storage/tables.ts'
import { sizesOf } from './copy.ts'
import type { Table } from './tables.ts'

const TYPES = { clinicId: 'text', now: 'text', since: 'text' } as const
const { $, statement } = statements('operator/stats', TYPES)

const selectCreated = statement<{ weeks_ago: number; count: number }>(sql`
  SELECT CAST((julianday(${$.now}) - julianday(at)) / 7 AS INTEGER) AS weeks_ago, count(*) AS count
    FROM ${changes}
    WHERE clinic_id = ${$.clinicId} AND action = 'create' AND at > ${$.since} AND at <= ${$.now}
    GROUP BY weeks_ago`)

const WEEK = 7 * 24 * 60 * 60 * 1000

/** How many records a clinic created in each of the last weeks, the oldest week first. */
export async function createdByWeek(db: Session, clinicId: string, weeks: number) {
  const now = Date.now()
  const since = new Date(now - weeks * WEEK).toISOString()
  const values = { clinicId, now: new Date(now).toISOString(), since }
  const created = await rows(db, selectCreated, values)
  const byWeek = new Map(created.map(({ weeks_ago, count }) => [weeks_ago, count]))
  return Array.from({ length: weeks }, (_, n) => byWeek.get(weeks - 1 - n) ?? 0)
}

/** Table sizes, of a clinic or, without one, of the tables that all clinics share. */
export function sizesByTable(db: Session, tables: readonly Table[], clinicId?: string) {
  const counted = tables.filter(({ isOfClinics }) => isOfClinics === (clinicId !== undefined))
  const parts = counted.map((table) => ({ table, ...(clinicId !== undefined && { clinicId }) }))
  return sizesOf(db, parts)
}

export async function databaseBytes(db: Session): Promise<number> {
  const [answer] = await db.batch([db.prepare('SELECT 1')])
  return answer?.meta.size_after ?? 0
}
