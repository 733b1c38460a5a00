import { sql } from 'drizzle-orm/sql/sql'
import { isOpen } from '../clinics/queries.ts'
import { prepared, type Prepared } from '../storage/prepared.ts'
import { recent } from '../storage/recent.ts'
import type { Session } from '../storage/session.ts'
import { keepKey, type IdempotencyKey } from './idempotency.ts'
import {
  appendChange,
  endOf,
  isKeyUnused,
  own,
  recordsUnderKey,
  targetOf,
  targetValues,
  told,
  type Answered,
  type Ended,
  type Target,
  type Told,
} from './journal.ts'
import { columnNames, type Kind } from './kind.ts'

/** Statements that are kept, one for each set of columns: clients amend the same few again and again. */
const MOST_UPDATES = 100

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
  const target = targetOf(kind)
  const wrong = sql`
    SELECT json_group_array(key) FROM json_each(:fixed) WHERE value IS NOT (content ->> key)`
  // Some columns follow from others: of a sealed SSN one speaks for all.
  const changed = sql`
    SELECT json_group_array(iif(key = 'ssn_sealed', 'ssn', key)) FROM json_each(:given)
    WHERE value IS NOT (content ->> key) AND key NOT IN ('ssn_key_id', 'ssn_last_four') AND key NOT LIKE '%_folded'`

  const append = prepared(
    appendChange(kind, {
      action: 'amend',
      from: sql`(${target})`,
      where: sql`fits AND ${isKeyUnused} AND (${wrong}) = '[]' AND (${changed}) <> '[]'`,
      changed: sql`(${changed})`,
      before: sql`content`,
    }),
  )

  const updates = recent<Prepared>(MOST_UPDATES)
  /** Sets the columns given alone: each index of a column that is set would be written, whether its value changes or not. */
  function updateOf(given: Amendment['given']): Prepared {
    const columns = columnNames(kind).filter((name) => name in given)
    const set = columns.map((name) => `, ${name} = :given ->> '${name}'`).join('')
    const known = updates.get(set)
    if (known) return known

    const update = prepared(
      sql`UPDATE ${table} SET version = own.version, updated_at = own.at ${sql.raw(set)}
      FROM (${own}) AS own
      WHERE ${table}.clinic_id = :clinicId AND id = own.record_id
        AND ${table}.version = own.version - 1`,
    )
    updates.set(set, update)
    return update
  }

  const keep = keepKey(sql`
    SELECT 200, id, version, 1 FROM (${target}) WHERE (fits OR EXISTS (${own})) AND ${isOpen}
      AND ${isKeyUnused} AND (${wrong}) = '[]' AND (${changed}) = '[]'`)

  const findEnd = prepared(
    sql`SELECT told.*, id, fits, (${wrong}) AS wrong, EXISTS (${own}) AS is_changed
      FROM (${told}) AS told LEFT JOIN (${target}) ON true`,
  )
  const findRecords = prepared(recordsUnderKey(kind))

  return async (
    db: Session,
    key: IdempotencyKey,
    target: Target,
    { given, fixed }: Amendment,
  ): Promise<Amended> => {
    const values = {
      ...key,
      ...targetValues(target),
      given: JSON.stringify(given),
      fixed: JSON.stringify(fixed),
    }
    const [, , , end, records] = await db.batch<Answered & End>(
      [append, updateOf(given), keep, findEnd, findRecords].map((statement) =>
        statement(db, values),
      ),
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
