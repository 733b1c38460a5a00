import { and, asc, eq, gte, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { auditEvents } from '../db/tables.ts'
import { recordUnder, type IdempotencyKey } from '../idempotency/queries.ts'

/** One request that touched PHI or was refused it; `requestId` makes writing it twice write it once. */
export type AuditEvent = Omit<typeof auditEvents.$inferInsert, 'id' | 'occurredAt'>

/** The statement that appends an event. */
export const appendEvent = (db: Database, event: AuditEvent) =>
  db
    .insert(auditEvents)
    .values({ ...event, occurredAt: new Date().toISOString() })
    .onConflictDoNothing()

/** In the batch of an insert: appends the event if a record was made, now or under the same key before. */
export const appendCreation = (
  db: Database,
  resource: 'person_informations' | 'dependents',
  key: IdempotencyKey,
  now: string,
) =>
  db
    .insert(auditEvents)
    .select(
      sql`SELECT NULL, ${now}, ${key.requestId}, ${key.clinicId}, ${key.tokenId}, 'create', ${resource},
        json_array(record_id), 201 FROM (${recordUnder(key)}) WHERE true`,
    )
    .onConflictDoNothing()

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
