import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { prepared, type Prepared } from '../db/prepared.ts'
import type { Session } from '../db/session.ts'
import { auditEvents } from '../db/tables.ts'

/** What a request did to records of a resource, such as `list` `dependents`. */
export type Deed = { action: 'list' | 'read' | 'create' | 'register'; resource: string }

/** One request that touched PHI or was refused it; `requestId` makes writing it twice write it once. */
export type AuditEvent = Deed & {
  requestId: string
  clinicId: string
  tokenId: string
  recordIds: readonly number[]
  status: number
}

/** An event as it is stored. */
export type StoredEvent = typeof auditEvents.$inferSelect

const insertInto = sql`INSERT INTO ${auditEvents}
  (occurred_at, request_id, clinic_id, token_id, action, resource, record_ids, status)`

const insertEvent = prepared(
  sql`${insertInto}
    VALUES (:now, :requestId, :clinicId, :tokenId, :action, :resource, :recordIds, :status)
    ON CONFLICT DO NOTHING`,
)

/** The statement that appends an event. */
export const appendEvent = (db: Session, event: AuditEvent) =>
  insertEvent(db, {
    ...event,
    recordIds: JSON.stringify(event.recordIds),
    now: new Date().toISOString(),
  })

/** In the batch of an insert: appends the event of the record that `recordId` selects, if there is one. */
export const appendCreation = (resource: string, recordId: SQL): Prepared =>
  prepared(
    sql`${insertInto}
      SELECT :now, :requestId, :clinicId, :tokenId, 'create', ${sql.raw(`'${resource}'`)},
        json_array(record_id), 201
      FROM (${recordId}) WHERE true ON CONFLICT DO NOTHING`,
  )

const selectEvents = prepared(
  sql`SELECT * FROM ${auditEvents}
    WHERE clinic_id = :clinicId AND occurred_at >= :since AND id > :after
    ORDER BY id LIMIT :limit`,
)

/** A clinic's events since `since` (ISO 8601), oldest first, at most `limit` of them after event `after`. */
export async function listAuditEvents(
  db: Session,
  clinicId: string,
  { since, after = 0, limit = 1000 }: { since: string; after?: number; limit?: number },
): Promise<StoredEvent[]> {
  const [found] = await db.batch<Omit<StoredEvent, 'record_ids'> & { record_ids: string }>([
    selectEvents(db, { clinicId, since, after, limit }),
  ])
  const rows = found?.results ?? []
  return rows.map((row) => ({ ...row, record_ids: JSON.parse(row.record_ids) }))
}
