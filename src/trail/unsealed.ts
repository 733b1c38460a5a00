import { sql } from 'drizzle-orm/sql/sql'
import { rows, statements } from '../storage/statement.ts'
import type { Session } from '../storage/session.ts'
import { accesses, changes, clinics, segments } from '../storage/tables.ts'
import type { Chain } from './segments.ts'

/** Accesses are written after the response, so rows can arrive late, but by less than ten minutes. */
const LATEST_MILLISECONDS = 10 * 60_000

/** The time, in ISO 8601, before which all accesses have arrived. */
export const settledBefore = (now: number) => new Date(now - LATEST_MILLISECONDS).toISOString()

/** The most streams of which a run can seal a segment within its limit of storage calls. */
const STREAMS_A_RUN = 2500

const { $, statement } = statements('trail/unsealed', { settled: 'text', limit: 'integer' })

/** Every clinic of a table, found by index seeks. */
const clinicsIn = (name: string) =>
  sql.raw(`${name}_clinics (id) AS (
    SELECT min(clinic_id) FROM ${name}
    UNION ALL SELECT (SELECT min(clinic_id) FROM ${name} WHERE clinic_id > id) FROM ${name}_clinics
      WHERE id IS NOT NULL)`)

const lastSealed = (stream: Chain['stream']) =>
  sql`coalesce((SELECT last FROM ${segments} WHERE clinic_id = id AND stream = '${sql.raw(stream)}'
    AND state <> 'pending' ORDER BY n DESC LIMIT 1), '')`

const selectUnsealed = statement<Chain & { since: string }>(sql`
  WITH RECURSIVE ${clinicsIn('changes')}, ${clinicsIn('accesses')},
    waiting (clinic_id, stream, since) AS (
      SELECT id, 'changes', (SELECT at FROM ${changes}
        WHERE clinic_id = id AND seq > CAST(${lastSealed('changes')} AS INTEGER) ORDER BY seq LIMIT 1)
      FROM changes_clinics
      UNION ALL
      SELECT id, 'accesses', (SELECT at FROM ${accesses}
        WHERE clinic_id = id AND at < ${$.settled}
          AND (at, request_id) > (substr(last, 1, 24), substr(last, 26)) ORDER BY at LIMIT 1)
      FROM (SELECT id, ${lastSealed('accesses')} AS last FROM accesses_clinics WHERE id IS NOT NULL))
    SELECT clinic_id AS clinicId, stream, since FROM waiting WHERE since IS NOT NULL
      AND clinic_id NOT IN (SELECT id FROM ${clinics} WHERE state = 'arriving')
    ORDER BY since LIMIT ${$.limit}`)

/**
 * The streams that have rows to seal, the one with the oldest row first; `since` is that row's time, in ISO 8601.
 * Clinics that are arriving from another cell are left out: they may still bring older rows, or not come at all.
 */
export const listUnsealed = (db: Session, now: number, limit = STREAMS_A_RUN) =>
  rows(db, selectUnsealed, { settled: settledBefore(now), limit })

/** How long, in seconds, the oldest row that is ready to be sealed has been waiting; 0 if there is none. */
export async function secondsUnsealed(db: Session, now = Date.now()): Promise<number> {
  const [oldest] = await listUnsealed(db, now, 1)
  return oldest ? Math.max(0, Math.round((now - Date.parse(oldest.since)) / 1000)) : 0
}
