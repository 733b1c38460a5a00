import { sql } from 'drizzle-orm/sql/sql'
import { prepared } from '../db/prepared.ts'
import type { Session } from '../db/session.ts'
import { changes, idempotencyKeys } from '../db/tables.ts'
import type { IdempotencyKey } from './idempotency.ts'
import {
  contentOf,
  endOf,
  etagOf,
  isKeyUnused,
  isOpen,
  newest,
  nextSeq,
  own,
  recordsUnderKey,
  told,
  type Answered,
  type Ended,
  type Told,
} from './journal.ts'
import { columnNames, nameOf, type Kind } from './kind.ts'

/** Which record, and at which of these ETags; at any if there are none. */
export type Target = { id: number; etags: readonly string[] | undefined }

/** What an amendment says: values for columns, and values that the record must have already. */
export type Amendment = { given: Record<string, unknown>; fixed: Record<string, unknown> }

/** What became of an amendment. `fixed` are the columns whose values differ though they may not. */
export type Amended =
  | (Ended & { records: Answered[]; isChanged: boolean })
  | { outcome: 'absent' }
  | { outcome: 'stale' }
  | { outcome: 'refused'; fixed: string[] }

/** Amends a record of a kind once under a key; what changes nothing makes no version. */
export function amender(kind: Kind) {
  const { table } = kind
  const content = contentOf(kind)
  const target = sql`
    SELECT *, ${content} AS content,
      :etags IS NULL OR ${etagOf('uid', 'version')} IN (SELECT value FROM json_each(:etags)) AS fits
    FROM ${table} WHERE clinic_id = :clinicId AND id = :id`
  const wrong = sql`
    SELECT json_group_array(key) FROM json_each(:fixed) WHERE value IS NOT (content ->> key)`
  // Some columns follow from others: of a sealed SSN one speaks for all.
  const changed = sql`
    SELECT json_group_array(iif(key = 'ssn_sealed', 'ssn', key)) FROM json_each(:given)
    WHERE value IS NOT (content ->> key) AND key NOT IN ('ssn_key_id', 'ssn_last_four') AND key NOT LIKE '%_folded'`

  const journal = prepared(
    sql`INSERT INTO ${changes} (clinic_id, seq, resource, record_id, version, action, at, token_id,
        request_id, changed, before)
      SELECT clinic_id, ${nextSeq}, ${nameOf(kind)}, id, version + 1, 'amend',
        max(:now, coalesce(newest.at, '')), :tokenId, :requestId, (${changed}) AS changed, content
      FROM (${target}) LEFT JOIN (${newest}) AS newest
      WHERE fits AND ${isOpen} AND ${isKeyUnused} AND (${wrong}) = '[]' AND changed <> '[]'`,
  )

  const amended = columnNames(kind).filter(
    (name) => !['id', 'uid', 'created_at', kind.owner.type, kind.owner.id].includes(name),
  )
  const fromJournal: Record<string, string> = { version: 'own.version', updated_at: 'own.at' }
  const set = amended.map(
    (name) => `${name} = ${fromJournal[name] ?? `json_patch(own.before, :given) ->> '${name}'`}`,
  )
  const update = prepared(
    sql`UPDATE ${table} SET ${sql.raw(set.join(', '))} FROM (${own}) AS own
      WHERE ${table}.clinic_id = :clinicId AND id = own.record_id
        AND ${table}.version = own.version - 1`,
  )

  const keepKey = prepared(
    sql`INSERT INTO ${idempotencyKeys}
        (day, clinic_id, key, fingerprint, request_id, status, record_id, version, records)
      SELECT :today, clinic_id, :key, :fingerprint, :requestId, 200, id, version, 1
      FROM (${target}) WHERE (fits OR EXISTS (${own})) AND ${isOpen} AND ${isKeyUnused}
        AND (${wrong}) = '[]' AND (${changed}) = '[]'
      ON CONFLICT DO NOTHING`,
  )

  const findEnd = prepared(
    sql`SELECT told.*, id, fits, (${wrong}) AS wrong, EXISTS (${own}) AS is_changed
      FROM (${told}) AS told LEFT JOIN (${target}) ON true`,
  )
  const findRecords = prepared(recordsUnderKey(kind))

  return async (
    db: Session,
    key: IdempotencyKey,
    { id, etags }: Target,
    { given, fixed }: Amendment,
  ): Promise<Amended> => {
    const values = {
      ...key,
      id,
      etags: etags ? JSON.stringify(etags) : null,
      given: JSON.stringify(given),
      fixed: JSON.stringify(fixed),
      count: 1,
    }
    const [, , , end, records] = await db.batch<Answered & End>(
      [journal, update, keepKey, findEnd, findRecords].map((statement) => statement(db, values)),
    )
    const [what] = end?.results ?? []
    const ended = endOf(what, key)
    if (ended) {
      return { ...ended, records: records?.results ?? [], isChanged: what?.is_changed === 1 }
    }
    if (!what?.id) return { outcome: 'absent' }
    if (!what.fits) return { outcome: 'stale' }
    return { outcome: 'refused', fixed: JSON.parse(what.wrong) }
  }
}

/** What stands at the end: the record if it is there, whether its ETag fits, and what is wrong with the request. */
type End = Told & { id: number | null; fits: number; wrong: string; is_changed: number }
