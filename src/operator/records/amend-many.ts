import { sql } from 'drizzle-orm/sql/sql'
import { KEY, type IdempotencyKey } from '../../records/idempotency.ts'
import { contentOf, type Given, type Resource } from '../../records/resource.ts'
import { commit, nextSeq, nowOrLater, used } from '../../records/write.ts'
import type { Session } from '../../storage/session.ts'
import { rows, statements } from '../../storage/statement.ts'
import { changes, clinics, idempotencyKeys } from '../../storage/tables.ts'

/** The version of a record that is amended, the columns given, and the names of the fields that change. */
type Amended = {
  id: Given[string] | undefined
  version: Given[string] | undefined
  changed: readonly string[]
  given: Record<string, unknown>
}

/** Amends many records of a resource at once, each only if its version is still the same. */
export function manyAmender(resource: Resource) {
  const { name, table, text, columns, ownerColumns } = resource
  const types = { ...KEY, rows: 'text', count: 'integer' } as const
  const { $, statement } = statements(`amend many ${name}`, types)
  // json_each has a column `id` itself.
  const given = sql`(SELECT key AS nth, value AS given FROM json_each(${$.rows})) AS given`

  const keepKey = statement(sql`
    INSERT INTO ${idempotencyKeys} (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT id, ${$.key}, ${nowOrLater}, ${$.fingerprint}, ${$.requestId}, 200, 0, 0, ${$.count}
    FROM ${clinics} WHERE id = ${$.clinicId} AND state = 'open'
    RETURNING status`)

  const journal = statement<{ record_id: number }>(sql`
    INSERT INTO ${changes} (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
    SELECT ${$.clinicId}, ${nextSeq} + row_number() OVER (ORDER BY nth) - 1, ${text}, stored.id, stored.version + 1,
      'amend', used.at, ${$.tokenId}, used.request_id, given ->> 'changed', content
    FROM ${used.row} CROSS JOIN ${given}
      CROSS JOIN (SELECT id, version, ${contentOf(resource)} AS content FROM ${table} WHERE clinic_id = ${$.clinicId}) AS stored
      ON stored.id = given ->> 'id' AND stored.version = given ->> 'version'
    WHERE ${used.isOurs}
    RETURNING record_id`)

  const set = columns
    .filter((column) => !['id', 'uid', 'created_at', ...ownerColumns].includes(column))
    .map((column) => {
      if (column === 'version') return 'version = own.version'
      return column === 'updated_at' ? 'updated_at = own.at' : `${column} = content ->> '${column}'`
    })
  const journaled = sql`${used.row} CROSS JOIN ${given} CROSS JOIN ${changes}
        ON changes.clinic_id = ${$.clinicId} AND resource = ${text} AND changes.record_id = given ->> 'id'
          AND changes.version = (given ->> 'version') + 1 AND changes.request_id = used.request_id
      WHERE ${used.isOurs}`
  const update = statement(sql`
    WITH own AS MATERIALIZED (
      SELECT changes.record_id AS own_id, changes.version, changes.at, json_patch(before, given -> 'given') AS content
      FROM ${journaled})
    UPDATE ${table} SET ${sql.raw(set.join(', '))} FROM own
    WHERE ${table}.clinic_id = ${$.clinicId} AND id IN (SELECT own_id FROM own)
      AND id = own_id AND ${table}.version = own.version - 1`)

  const all = { keepKey, journal, update }
  /** What this run has amended already, if D1's answer was lost. */
  const done = statement<{ record_id: number }>(sql`SELECT changes.record_id FROM ${journaled}`)

  /** Returns the ids of the records that were amended. */
  return async (db: Session, key: IdempotencyKey, amendments: readonly Amended[]) => {
    const values = { ...key, rows: JSON.stringify(amendments), count: amendments.length }
    const made = await commit(db, all, values)
    const amended = made ? made.journal : await rows(db, done, values)
    return new Set(amended.map(({ record_id }) => record_id))
  }
}
