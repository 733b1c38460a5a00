import { sql } from 'drizzle-orm/sql/sql'
import type { Ownable } from '../ownables/queries.ts'
import type { Session } from '../storage/session.ts'
import { batch, statements } from '../storage/statement.ts'
import { clinics, ownables } from '../storage/tables.ts'

const VALUES = { clinicId: 'text', now: 'text', ownables: 'text' } as const
const { $, statement } = statements('operator/ownables', VALUES)

const given = sql`(SELECT DISTINCT value ->> '$.type' AS type, value ->> '$.id' AS id
  FROM json_each(${$.ownables}))`

const insertGiven = statement(sql`
  INSERT INTO ${ownables} (clinic_id, type, id, created_at)
    SELECT ${$.clinicId}, given.type, given.id, ${$.now}
    FROM ${clinics} CROSS JOIN ${given} AS given
    WHERE clinics.id = ${$.clinicId} AND clinics.state = 'open'
    ON CONFLICT DO NOTHING`)

/** An ownable is new if it was registered by this very batch, or isn't registered at all. */
const countNew = statement<{ state: string; new: number }>(sql`
  SELECT state, (SELECT total(ifnull(ownables.created_at = ${$.now}, true))
      FROM ${given} AS given LEFT JOIN ${ownables}
      ON ownables.clinic_id = ${$.clinicId} AND ownables.type = given.type AND ownables.id = given.id) AS new
    FROM ${clinics} WHERE id = ${$.clinicId}`)

/**
 * Registers many at once, as one JSON parameter. The count of new ones is right even if the batch was retried. A dry
 * run only counts. Returns undefined unless the clinic is open.
 */
export async function insertOwnables(
  db: Session,
  clinicId: string,
  rows: readonly Ownable[],
  { dryRun = false }: { dryRun?: boolean | undefined } = {},
) {
  const values = { clinicId, ownables: JSON.stringify(rows), now: new Date().toISOString() }
  const { counted } = dryRun
    ? await batch(db, { counted: countNew }, values)
    : await batch(db, { insertGiven, counted: countNew }, values)
  const [clinic] = counted
  if (clinic?.state !== 'open') return undefined
  return { inserted: clinic.new, unchanged: rows.length - clinic.new }
}
