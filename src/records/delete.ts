import { sql } from 'drizzle-orm/sql/sql'
import { prepared } from '../storage/prepared.ts'
import type { Session } from '../storage/session.ts'
import { gaps } from '../storage/tables.ts'
import { keepKey, type IdempotencyKey } from './idempotency.ts'
import {
  appendChange,
  endOf,
  isKeyUnused,
  own,
  targetOf,
  targetValues,
  told,
  type Ended,
  type Target,
  type Told,
} from './journal.ts'
import { nameOf, type Kind } from './kind.ts'

/** What became of a deletion. */
export type Deleted = Ended | { outcome: 'absent' } | { outcome: 'stale' }

/** Deletes a record of a kind once under a key: its id becomes a gap, its content stays in the journal. */
export function deleter(kind: Kind) {
  const { table } = kind
  const name = nameOf(kind)
  const target = targetOf(kind)

  const append = prepared(
    appendChange(kind, {
      action: 'delete',
      from: sql`(${target})`,
      where: sql`fits AND ${isKeyUnused}`,
      before: sql`content`,
    }),
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

  const keep = keepKey(sql`SELECT 204, record_id, version, 1 FROM (${own})`)
  const findEnd = prepared(
    sql`SELECT told.*, id FROM (${told}) AS told LEFT JOIN (${target}) ON true`,
  )

  return async (db: Session, key: IdempotencyKey, target: Target): Promise<Deleted> => {
    const values = { ...key, ...targetValues(target) }
    const statements = [append, shiftGaps, leaveGap, remove, keep, findEnd]
    const answers = await db.batch<Told & { id: number | null }>(
      statements.map((statement) => statement(db, values)),
    )
    const [what] = answers.at(-1)?.results ?? []
    return endOf(what, key) ?? (what?.id ? { outcome: 'stale' } : { outcome: 'absent' })
  }
}
