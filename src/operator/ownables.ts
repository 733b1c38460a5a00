import { sql } from 'drizzle-orm/sql/sql'
import { isOpen, stateOfClinic } from '../clinics/queries.ts'
import type { Ownable } from '../ownables/queries.ts'
import { prepared } from '../storage/prepared.ts'
import type { Session } from '../storage/session.ts'
import { ownables } from '../storage/tables.ts'

/** The ownables of the rows, each once. */
const given = sql`SELECT DISTINCT value ->> '$.type' AS type, value ->> '$.id' AS id FROM json_each(:rows)`

const insertGiven = prepared(
  sql`INSERT INTO ${ownables} (clinic_id, type, id, created_at)
    SELECT :clinicId, type, id, :now FROM (${given}) WHERE ${isOpen} ON CONFLICT DO NOTHING`,
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
 * however often it had to be tried. Undefined unless the clinic is open.
 */
export async function registerOwnables(db: Session, clinicId: string, rows: readonly Ownable[]) {
  const values = { clinicId, rows: JSON.stringify(rows), now: new Date().toISOString() }
  const [, counted, found] = await db.batch<{ count: number; state: string }>([
    insertGiven(db, values),
    countRegisteredNow(db, values),
    stateOfClinic(db, { clinicId }),
  ])
  if (found?.results[0]?.state !== 'open') return undefined
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
