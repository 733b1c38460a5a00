import { sql } from 'drizzle-orm/sql/sql'
import { appendEvent, type AuditEvent } from '../audit/queries.ts'
import { prepared } from '../db/prepared.ts'
import type { Session } from '../db/session.ts'
import { ownables } from '../db/tables.ts'

/** Names an ownable within a clinic. */
export type Ownable = { type: string; id: number }

const findOwnable = prepared(
  sql`SELECT id FROM ${ownables} WHERE clinic_id = :clinicId AND type = :type AND id = :id`,
)

/** Whether the clinic has registered the ownable. */
export async function ownableExists(db: Session, clinicId: string, { type, id }: Ownable) {
  const [found] = await db.batch([findOwnable(db, { clinicId, type, id })])
  return found !== undefined && found.results.length > 0
}

const insertOwnable = prepared(
  sql`INSERT INTO ${ownables} (clinic_id, type, id, created_at)
    VALUES (:clinicId, :type, :id, :now) ON CONFLICT DO NOTHING`,
)

/** Registers the ownable, and its audit event with it; registering it again changes nothing. */
export async function registerOwnable(
  db: Session,
  ownable: Ownable,
  request: Pick<AuditEvent, 'clinicId' | 'tokenId' | 'requestId'>,
) {
  const now = new Date().toISOString()
  await db.batch([
    insertOwnable(db, { ...ownable, clinicId: request.clinicId, now }),
    appendEvent(db, {
      ...request,
      action: 'register',
      resource: 'ownables',
      recordIds: [ownable.id],
      status: 204,
    }),
  ])
}

/** The ownables of the rows, each once. */
const given = sql`SELECT DISTINCT value ->> '$.type' AS type, value ->> '$.id' AS id FROM json_each(:rows)`

const insertGiven = prepared(
  sql`INSERT INTO ${ownables} (clinic_id, type, id, created_at)
    SELECT :clinicId, type, id, :now FROM (${given}) WHERE true ON CONFLICT DO NOTHING`,
)

const countRegistered = prepared(
  sql`SELECT count(*) AS count FROM (${given}) AS given JOIN ${ownables}
    ON ownables.clinic_id = :clinicId AND ownables.type = given.type AND ownables.id = given.id`,
)

const countRegisteredNow = prepared(
  sql`SELECT count(*) AS count FROM (${given}) AS given JOIN ${ownables}
    ON ownables.clinic_id = :clinicId AND ownables.type = given.type AND ownables.id = given.id
    WHERE ownables.created_at = :now`,
)

/**
 * Registers many at once, as one JSON parameter, and tells how many were new: those of this batch's time,
 * however often it had to be tried.
 */
export async function registerOwnables(db: Session, clinicId: string, rows: readonly Ownable[]) {
  const values = { clinicId, rows: JSON.stringify(rows), now: new Date().toISOString() }
  const [, counted] = await db.batch<{ count: number }>([
    insertGiven(db, values),
    countRegisteredNow(db, values),
  ])
  const inserted = counted?.results[0]?.count ?? 0
  return { inserted, unchanged: rows.length - inserted }
}

/** What `registerOwnables` would do, without doing it. */
export async function compareOwnables(db: Session, clinicId: string, rows: readonly Ownable[]) {
  const different = new Set(rows.map(({ type, id }) => `${type}/${id}`)).size
  const [counted] = await db.batch<{ count: number }>([
    countRegistered(db, { clinicId, rows: JSON.stringify(rows) }),
  ])
  const inserted = different - (counted?.results[0]?.count ?? 0)
  return { inserted, unchanged: rows.length - inserted }
}
