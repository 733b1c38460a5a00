import { sql } from 'drizzle-orm/sql/sql'
import type { Ownable } from '../ownables/queries.ts'
import type { Session } from '../storage/session.ts'
import { batch, first, statements } from '../storage/statement.ts'
import { clinics, ownables } from '../storage/tables.ts'

const { $, statement } = statements('operator/ownables', {
  clinicId: 'text',
  now: 'text',
  ownables: 'text',
})

/** The ownables of the rows, each once. */
const given = sql`(SELECT DISTINCT value ->> '$.type' AS type, value ->> '$.id' AS id
  FROM json_each(${$.ownables}))`

const insertGiven = statement(
  sql`INSERT INTO ${ownables} (clinic_id, type, id, created_at)
    SELECT ${$.clinicId}, given.type, given.id, ${$.now}
    FROM ${clinics} CROSS JOIN ${given} AS given
    WHERE clinics.id = ${$.clinicId} AND clinics.state = 'open'
    ON CONFLICT DO NOTHING`,
)

const countRegistered = statement<{ count: number; new: number }>(
  sql`SELECT count(*) AS count, total(ownables.created_at = ${$.now}) AS new
    FROM ${given} AS given CROSS JOIN ${ownables}
    ON ownables.clinic_id = ${$.clinicId} AND ownables.type = given.type AND ownables.id = given.id`,
)

const selectState = statement<{ state: string }>(
  sql`SELECT state FROM ${clinics} WHERE id = ${$.clinicId}`,
)

/**
 * Registers many at once, as one JSON parameter, and tells how many were new: those of this batch's time,
 * however often it had to be tried. Undefined unless the clinic is open.
 */
export async function insertOwnables(db: Session, clinicId: string, rows: readonly Ownable[]) {
  const values = { clinicId, ownables: JSON.stringify(rows), now: new Date().toISOString() }
  const all = { insertGiven, counted: countRegistered, state: selectState }
  const { counted, state } = await batch(db, all, values)
  if (state[0]?.state !== 'open') return undefined
  const inserted = counted[0]?.new ?? 0
  return { inserted, unchanged: rows.length - inserted }
}

/** What `insertOwnables` would do, without doing it. */
export async function compareOwnables(db: Session, clinicId: string, rows: readonly Ownable[]) {
  const different = new Set(rows.map(({ type, id }) => `${type}/${id}`)).size
  const values = { clinicId, ownables: JSON.stringify(rows), now: '' }
  const counted = await first(db, countRegistered, values)
  const inserted = different - (counted?.count ?? 0)
  return { inserted, unchanged: rows.length - inserted }
}
