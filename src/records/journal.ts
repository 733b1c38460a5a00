import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { isOpen, whyClosed } from '../clinics/queries.ts'
import { columnsOf, jsonOf } from '../storage/json.ts'
import { changes, clinics } from '../storage/tables.ts'
import { usesOfKey, type IdempotencyKey } from './idempotency.ts'
import { answeredBefore, answeredBy, columnNames, nameOf, type Kind } from './kind.ts'

// Every write is one batch, which D1 runs as one transaction. It writes the journal first, if all is well; the rest
// follows from the journal; and what happened is read at the end. So a batch that is tried again after it was
// committed writes nothing, and tells what it did the first time.

/** A record as it is answered, in JSON, with its id and its ETag without the quotes. */
export type Answered = { id: number; etag: string; json: string }

/** The clinic's newest change. */
export const newest = sql`
  SELECT seq, at, request_id FROM ${changes} WHERE clinic_id = :clinicId ORDER BY seq DESC LIMIT 1`

/** The changes that this request has just written: the newest `:count` of the clinic, if they are its own. */
export const own = sql`
  SELECT changes.* FROM (${newest}) AS newest JOIN ${changes}
    ON clinic_id = :clinicId AND changes.seq > newest.seq - :count
  WHERE newest.request_id = :requestId`

export const isKeyUnused = sql`NOT EXISTS (SELECT * FROM ${usesOfKey})`

/** The rows from which changes follow, and what each of them says, in terms of those rows. */
type Appended = {
  action: string
  from: SQL
  where: SQL
  /** Which of several changes it is, from 0. */
  nth?: SQL
  id?: SQL
  version?: SQL
  changed?: SQL
  before?: SQL
}

/**
 * Appends a change of the kind's record for each row, if the clinic is open. Numbers go on after the newest change, and
 * after those that a restore took away; times never run backwards.
 */
export const appendChange = (
  kind: Kind,
  {
    action,
    from,
    where,
    nth = sql`0`,
    id = sql`id`,
    version = sql`version + 1`,
    changed = sql`'[]'`,
    before = sql`NULL`,
  }: Appended,
) => sql`
  INSERT INTO ${changes} (clinic_id, seq, resource, record_id, version, action, at, token_id,
    request_id, changed, before)
  SELECT :clinicId, ${nth} + 1 + max(coalesce((SELECT seq FROM (${newest})), 0),
      (SELECT seq_floor FROM ${clinics} WHERE id = :clinicId)),
    ${nameOf(kind)}, ${id}, ${version}, ${sql.raw(`'${action}'`)},
    max(:now, coalesce((SELECT at FROM (${newest})), '')), :tokenId, :requestId, ${changed}, ${before}
  FROM ${from} WHERE ${isOpen} AND ${where}`

/** Which record, and at which of these ETags; at any if there are none. */
export type Target = { id: number; etags: readonly string[] | undefined }

/** The record that a target names, if it is there, with its `content`, and whether its ETag `fits`. */
export const targetOf = (kind: Kind) => sql`
  SELECT *, ${contentOf(kind)} AS content,
    :etags IS NULL OR ${etagOf('uid', 'version')} IN (SELECT value FROM json_each(:etags)) AS fits
  FROM ${kind.table} WHERE clinic_id = :clinicId AND id = :id`

/** The values that the statements of one record name. */
export const targetValues = ({ id, etags }: Target) => ({
  ...{ id, count: 1 },
  etags: etags ? JSON.stringify(etags) : null,
})

/** What every write tells at its end: the clinic's state, and the first use of the key. */
export const told = sql`
  SELECT state, used.request_id, used.fingerprint, used.status FROM ${clinics}
    LEFT JOIN (SELECT * FROM ${usesOfKey}) AS used ON true WHERE clinics.id = :clinicId`

export type Told = {
  state: string
  request_id: string | null
  fingerprint: string | null
  status: number | null
}

/** How a write ended, where that is not for the verb to say. */
export type Ended =
  | { outcome: 'written' | 'replayed' }
  | { outcome: 'conflict' }
  | { outcome: 'closed'; because: 'frozen' | 'suspended' }

/** How a write ended; undefined if the clinic is open and nothing was written. */
export function endOf(end: Told | undefined, key: IdempotencyKey): Ended | undefined {
  if (end?.request_id) {
    if (end.fingerprint !== key.fingerprint) return { outcome: 'conflict' }
    return { outcome: end.request_id === key.requestId ? 'written' : 'replayed' }
  }
  if (end?.state === 'open') return undefined
  return { outcome: 'closed', because: whyClosed(end?.state) }
}

/**
 * The records of the key, as they were when it was used: what changed since then stands in the journal, in the
 * change after.
 */
export function recordsUnderKey(kind: Kind) {
  const answered = answeredBy(kind)
  const used = sql`
    SELECT record_id AS first_id, record_id + records - 1 AS last_id, version AS made
    FROM ${usesOfKey} AND fingerprint = :fingerprint`
  return sql`SELECT id, etag, ${jsonOf(answered)} AS json FROM (
    SELECT ${columnsOf(answered)}, ${etagOf('uid', 'version')} AS etag FROM (${used}) JOIN ${kind.table}
      ON clinic_id = :clinicId AND id BETWEEN first_id AND last_id AND version = made
    UNION ALL
    SELECT ${columnsOf(answeredBefore(kind))}, ${etagOf("before ->> '$.uid'", "before ->> '$.version'")}
    FROM (${used}) JOIN ${changes}
      ON clinic_id = :clinicId AND resource = ${nameOf(kind)} AND version = made + 1
        AND record_id BETWEEN first_id AND last_id AND before IS NOT NULL
  ) ORDER BY id`
}

/** What a row of the kind says, as the journal keeps it. */
export const contentOf = (kind: Kind) =>
  sql.raw(
    `json_object(${columnNames(kind)
      .map((name) => `'${name}', ${name}`)
      .join(', ')})`,
  )

/** The ETag of a version: opaque to clients, and different for the records of two clinics with one id. */
export const etagOf = (uid: string, version: string) =>
  sql.raw(`substr(${uid}, 1, 8) || '.' || (${version})`)
