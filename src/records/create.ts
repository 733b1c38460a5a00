import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { invalid, refusal } from '../http/errors.ts'
import type { Session } from '../storage/session.ts'
import { statements } from '../storage/statement.ts'
import { changes, clinics, deletions, idempotencyKeys } from '../storage/tables.ts'
import { TOP } from './deletions.ts'
import { KEY, type IdempotencyKey } from './idempotency.ts'
import { refuseBroken, selectBroken } from './refusals.ts'
import type { Given, Resource } from './resource.ts'
import { addWords } from './words.ts'
import { highestId, nextSeq, nowOrLater, selectWritten, used, whyRefused, write } from './write.ts'

/** The highest id that a resource can have: the tree of deletions ends there. */
const MOST_IDS = 2 ** 24
const NO_MORE_IDS = `can't be created: a clinic has ${MOST_IDS} ids at most`

// An operator may limit how many records a clinic has. Counting them reads only a few rows: for each resource in the
// journal, the highest id minus the number of deleted ids.

const quota = statements('quota', { clinicId: 'text', count: 'integer' })

const recordCount = sql`(
    WITH RECURSIVE known (resource) AS (
      SELECT (SELECT min(resource) FROM ${changes} WHERE clinic_id = ${quota.$.clinicId})
      UNION ALL
      SELECT (SELECT min(resource) FROM ${changes} WHERE clinic_id = ${quota.$.clinicId} AND resource > known.resource)
      FROM known WHERE known.resource IS NOT NULL)
    SELECT coalesce(sum(
      (SELECT max(record_id) FROM ${changes} WHERE clinic_id = ${quota.$.clinicId} AND resource = known.resource)
      - coalesce((SELECT n FROM ${deletions}
          WHERE clinic_id = ${quota.$.clinicId} AND resource = known.resource AND node = ${TOP}), 0)), 0)
    FROM known WHERE known.resource IS NOT NULL)`

/** Whether the clinic, a row of `clinics`, has room for `count` more records. */
const isWithinLimit = sql`(record_limit IS NULL OR ${recordCount} + ${quota.$.count} <= record_limit)`

/**
 * Creates records, all or none, once per idempotency key; the status is 200 if an existing record is returned instead.
 * Throws ApiError; for a batch, its errors name records by place.
 */
export function creator(resource: Resource) {
  const { table, text, columns, identity, person } = resource
  const types = { ...KEY, records: 'text', count: 'integer' } as const
  const { $, statement } = statements(`create ${resource.name}`, types)
  const given = (column: string) => sql.raw(`given.value ->> '${column}'`)

  const keepKey = statement<{ status: number }>(sql`
    INSERT INTO ${idempotencyKeys} (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT id, ${$.key}, ${nowOrLater}, ${$.fingerprint}, ${$.requestId}, 201, 1 + ${highestId(resource)}, 1, ${$.count}
    FROM ${clinics} WHERE id = ${$.clinicId} AND state = 'open' AND ${isWithinLimit}
    RETURNING status`)

  /** The same, but if the record already exists, the key row points to it. */
  const keepKeyOfSame = ({ index, columns, where = sql`true` }: NonNullable<typeof identity>) => {
    const isSame = columns.map((column) => sql`other.${sql.raw(column)} IS ${given(column)}`)
    return statement<{ status: number }>(sql`
      INSERT INTO ${idempotencyKeys} (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
      SELECT clinics.id, ${$.key}, ${nowOrLater}, ${$.fingerprint}, ${$.requestId}, iif(same.id IS NULL, 201, 200),
        coalesce(same.id, 1 + ${highestId(resource)}), coalesce(same.version, 1), iif(same.id IS NULL, ${$.count}, 1)
      FROM ${clinics} LEFT JOIN ${table} AS same ON same.clinic_id = ${$.clinicId} AND same.id = (
        SELECT min(other.id) FROM json_each(${$.records}) AS given
          CROSS JOIN ${table} AS other INDEXED BY ${sql.raw(index)}
        WHERE other.clinic_id = ${$.clinicId} AND ${sql.join(isSame, sql` AND `)} AND ${where})
      WHERE clinics.id = ${$.clinicId} AND state = 'open' AND (same.id IS NOT NULL OR ${isWithinLimit})
      RETURNING status`)
  }

  const journal = statement(sql`
    INSERT INTO ${changes} (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
    SELECT ${$.clinicId}, ${nextSeq} + given.key, ${text}, record_id + given.key, version, 'create', at, ${$.tokenId},
      request_id, '[]'
    FROM ${used.row} CROSS JOIN json_each(${$.records}) AS given WHERE ${used.isOurs} AND status = 201`)

  const fromKey: Record<string, SQL> = {
    id: sql`used.record_id + given.key`,
    version: sql`used.version`,
    created_at: sql`used.at`,
    updated_at: sql`used.at`,
  }
  const values = columns.map((column) => fromKey[column] ?? given(column))
  const insert = statement(sql`
    INSERT INTO ${table} (clinic_id, ${sql.raw(columns.join(', '))})
    SELECT ${$.clinicId}, ${sql.join(values, sql`, `)}
    FROM ${used.row} CROSS JOIN json_each(${$.records}) AS given WHERE ${used.isOurs} AND status = 201`)

  const selectFull = statement<{ is_full: number; is_limited: number }>(sql`
    SELECT ${highestId(resource)} + ${$.count} > ${sql.raw(String(MOST_IDS))} AS is_full,
      NOT ${isWithinLimit} AS is_limited
    FROM ${clinics} WHERE id = ${$.clinicId}`)

  const always = { keepKey, journal, insert, records: selectWritten(resource) }
  const unlessThere = { ...always, keepKey: identity ? keepKeyOfSame(identity) : keepKey }
  const words = person && addWords(resource)
  const why = { ...whyRefused(resource), broken: selectBroken(resource), full: selectFull }

  return (
    db: Session,
    key: IdempotencyKey,
    given: readonly Given[],
    { returnExisting = false, isBatch = false } = {},
  ) => {
    const records = JSON.stringify(given)
    const hasWords = words && given.some((record) => record.last_name_words)
    const all = { ...(returnExisting ? unlessThere : always), ...(hasWords && { words }) }
    const bound = { ...key, records, rows: records, count: given.length }
    return write(db, all, bound, why, ({ broken, full: [full] }) => {
      refuseBroken(resource, broken, isBatch)
      if (full?.is_limited) throw refusal('limited')
      if (full?.is_full) throw invalid({ [resource.one]: [NO_MORE_IDS] })
    })
  }
}
