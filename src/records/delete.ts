import { sql } from 'drizzle-orm/sql/sql'
import { prepared } from '../db/prepared.ts'
import type { Session } from '../db/session.ts'
import { changes, gaps, idempotencyKeys } from '../db/tables.ts'
import type { Target } from './amend.ts'
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
  told,
  type Ended,
  type Told,
} from './journal.ts'
import { nameOf, type Kind } from './kind.ts'

/** What became of a deletion. */
export type Deleted = Ended | { outcome: 'absent' } | { outcome: 'stale' }

/** Deletes a record of a kind once under a key: its id becomes a gap, its content stays in the journal. */
export function deleter(kind: Kind) {
  const { table } = kind
  const name = nameOf(kind)
  const target = sql`
    SELECT *, ${contentOf(kind)} AS content,
      :etags IS NULL OR ${etagOf('uid', 'version')} IN (SELECT value FROM json_each(:etags)) AS fits
    FROM ${table} WHERE clinic_id = :clinicId AND id = :id`

  const journal = prepared(
    sql`INSERT INTO ${changes} (clinic_id, seq, resource, record_id, version, action, at, token_id,
        request_id, changed, before)
      SELECT clinic_id, ${nextSeq}, ${name}, id, version + 1, 'delete',
        max(:now, coalesce(newest.at, '')), :tokenId, :requestId, '[]', content
      FROM (${target}) LEFT JOIN (${newest}) AS newest WHERE fits AND ${isOpen} AND ${isKeyUnused}`,
  )

  /** The record that is about to go: gone already where the batch is tried again. */
  const going = sql`SELECT id FROM ${table} WHERE clinic_id = :clinicId AND id = :id AND EXISTS (${own})`
  const gapsOfKind = sql`clinic_id = :clinicId AND resource = ${name}`
  const shiftGaps = prepared(
    sql`UPDATE ${gaps} SET ordinal = ordinal + 1, listed_before = listed_before - 1
      WHERE ${gapsOfKind} AND id > :id AND EXISTS (${going})`,
  )
  const leaveGap = prepared(
    sql`INSERT INTO ${gaps} (clinic_id, resource, id, ordinal, listed_before)
      SELECT :clinicId, ${name}, id, ordinal, id - ordinal FROM (
        SELECT id, 1 + coalesce((SELECT ordinal FROM ${gaps} WHERE ${gapsOfKind} AND id < :id
          ORDER BY id DESC LIMIT 1), 0) AS ordinal FROM (${going}))`,
  )
  const remove = prepared(
    sql`DELETE FROM ${table} WHERE clinic_id = :clinicId AND id IN (${going})`,
  )

  const keepKey = prepared(
    sql`INSERT INTO ${idempotencyKeys}
        (day, clinic_id, key, fingerprint, request_id, status, record_id, version, records)
      SELECT :today, :clinicId, :key, :fingerprint, :requestId, 204, record_id, version, 1
      FROM (${own}) WHERE true ON CONFLICT DO NOTHING`,
  )
  const findEnd = prepared(
    sql`SELECT told.*, id FROM (${told}) AS told LEFT JOIN (${target}) ON true`,
  )

  return async (db: Session, key: IdempotencyKey, { id, etags }: Target): Promise<Deleted> => {
    const values = { ...key, id, etags: etags ? JSON.stringify(etags) : null, count: 1 }
    const statements = [journal, shiftGaps, leaveGap, remove, keepKey, findEnd]
    const answers = await db.batch<Told & { id: number | null }>(
      statements.map((statement) => statement(db, values)),
    )
    const [what] = answers.at(-1)?.results ?? []
    return endOf(what, key) ?? (what?.id ? { outcome: 'stale' } : { outcome: 'absent' })
  }
}
