import { and, asc, eq, gte, sql, type SQLWrapper } from 'drizzle-orm'
import type { Client, Database } from '../db/client.ts'
import { prepared, type Prepared } from '../db/prepared.ts'
import { auditEvents } from '../db/tables.ts'

/** One request that touched PHI or was refused it; `requestId` makes writing it twice write it once. */
export type AuditEvent = Omit<typeof auditEvents.$inferInsert, 'id' | 'occurredAt'>

const insertInto = sql`INSERT INTO ${auditEvents}
  (occurred_at, request_id, clinic_id, token_id, action, resource, record_ids, status)`

const insertEvent = prepared(
  sql`${insertInto} VALUES (${sql.placeholder('now')}, ${sql.placeholder('requestId')},
    ${sql.placeholder('clinicId')}, ${sql.placeholder('tokenId')}, ${sql.placeholder('action')},
    ${sql.placeholder('resource')}, ${sql.placeholder('recordIds')}, ${sql.placeholder('status')})
    ON CONFLICT DO NOTHING`,
)

/** The statement that appends an event. */
export const appendEvent = (db: Client, event: AuditEvent) =>
  insertEvent(db, {
    ...event,
    recordIds: JSON.stringify(event.recordIds),
    now: new Date().toISOString(),
  })

/** In the batch of an insert: appends the event of the record that `recordId` selects, if there is one. */
export const appendCreation = (
  resource: 'person_informations' | 'dependents',
  recordId: SQLWrapper,
): Prepared =>
  prepared(
    sql`${insertInto}
      SELECT ${sql.placeholder('now')}, ${sql.placeholder('requestId')},
        ${sql.placeholder('clinicId')}, ${sql.placeholder('tokenId')}, 'create', ${resource},
        json_array(record_id), 201
      FROM (${recordId}) WHERE true ON CONFLICT DO NOTHING`,
  )

/** A clinic's events since `since` (ISO 8601), oldest first, at most `limit` of them after event `after`. */
export async function listAuditEvents(
  db: Database,
  clinicId: string,
  { since, after = 0, limit = 1000 }: { since: string; after?: number; limit?: number },
) {
  const [events] = await db.batch([
    db
      .select()
      .from(auditEvents)
      .where(
        and(
          eq(auditEvents.clinicId, clinicId),
          gte(auditEvents.occurredAt, since),
          sql`${auditEvents.id} > ${after}`,
        ),
      )
      .orderBy(asc(auditEvents.id))
      .limit(limit),
  ])
  return events
}
