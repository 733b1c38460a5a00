import { sql } from 'drizzle-orm/sql/sql'
import { CANNOT_CHANGE, INVALID } from '../fields/messages.ts'
import { invalid, refusal } from '../http/errors.ts'
import { lruCache } from '../storage/lru-cache.ts'
import type { Session } from '../storage/session.ts'
import { statements } from '../storage/statement.ts'
import { changes, clinics, idempotencyKeys } from '../storage/tables.ts'
import { TARGETED, type IdempotencyKey, type Target } from './idempotency.ts'
import { absent, refuseBroken, selectBroken } from './refusals.ts'
import { contentOf, type Resource } from './resource.ts'
import { addWords, removeWords, SOURCES } from './words.ts'
import { fits, nextSeq, nowOrLater, selectWritten, used, whyRefused, write } from './write.ts'

/** How many UPDATE statements to keep, one per set of columns: clients amend the same few again and again. */
const MOST_UPDATES = 100

/** `given`: the columns to set. `fixed`: values that the record must already have. */
export type Amendment = { given: Record<string, unknown>; fixed: Record<string, unknown> }

/** Amends a record, once per idempotency key; an amendment that changes nothing makes no version. Throws ApiError. */
export function amender(resource: Resource) {
  const { table, text, columns } = resource
  const types = { ...TARGETED, given: 'text', fixed: 'text' } as const
  const { $, statement } = statements(`amend ${resource.name}`, types)
  const target = sql`(SELECT id, uid, version, ${contentOf(resource)} AS content FROM ${table}
      WHERE clinic_id = ${$.clinicId} AND id = ${$.id}) AS target`
  const wrong = sql`SELECT key FROM json_each(${$.fixed}) WHERE value IS NOT (content ->> key)`
  // Derived columns don't count as changes, and of the three SSN columns only ssn_sealed does.
  const changed = sql`SELECT iif(key = 'ssn_sealed', 'ssn', key) AS name FROM json_each(${$.given})
      WHERE value IS NOT (content ->> key) AND key NOT IN ('ssn_key_id', 'ssn_last_four')
        AND key NOT LIKE '%\\_folded' ESCAPE '\\' AND key NOT LIKE '%\\_identity' ESCAPE '\\'
        AND key NOT LIKE '%\\_words' ESCAPE '\\'`

  const keepKey = statement<{ status: number }>(sql`
    INSERT INTO ${idempotencyKeys} (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ${$.key}, ${nowOrLater}, ${$.fingerprint}, ${$.requestId}, 200, target.id,
      target.version + EXISTS (${changed}), 1
    FROM ${clinics} CROSS JOIN ${target}
    WHERE clinics.id = ${$.clinicId} AND state = 'open' AND ${fits} AND NOT EXISTS (${wrong})
    RETURNING status`)

  const journal = statement<{ seq: number }>(sql`
    INSERT INTO ${changes} (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
    SELECT ${$.clinicId}, ${nextSeq}, ${text}, target.id, used.version, 'amend', used.at, ${$.tokenId}, used.request_id,
      (SELECT json_group_array(name) FROM (${changed})), content
    FROM ${used.row} CROSS JOIN ${target} WHERE ${used.isOurs} AND target.version = used.version - 1
    RETURNING seq`)

  const updates = lruCache<ReturnType<typeof statement<never>>>(MOST_UPDATES)
  /** Sets only the given columns: SQLite rewrites a column's indexes even if its value stays the same. */
  function updateOf(given: Amendment['given']) {
    const names = columns.filter((name) => name in given)
    const known = updates.get(names.join())
    if (known) return known

    const set = names.map((name) => sql`, ${sql.raw(name)} = ${$.given} ->> '${sql.raw(name)}'`)
    const made = statement(sql`
      UPDATE ${table} SET version = used.version, updated_at = used.at${sql.join(set)}
      FROM ${used.row}
      WHERE ${used.isOurs}
        AND ${table}.clinic_id = ${$.clinicId} AND ${table}.id = ${$.id} AND ${table}.version = used.version - 1`)
    updates.set(names.join(), made)
    return made
  }
  updateOf(Object.fromEntries(columns.slice(3, -2).map((name) => [name, null])))

  const selectTarget = statement<{ fits: number; wrong: string }>(sql`
    SELECT ${fits} AS fits, (SELECT json_group_array(key) FROM (${wrong})) AS wrong FROM ${target}`)

  const records = selectWritten(resource)
  const words = resource.person && { remove: removeWords(resource), add: addWords(resource) }
  const why = { ...whyRefused(resource), target: selectTarget, broken: selectBroken(resource) }

  return (db: Session, key: IdempotencyKey, target: Target, { given, fixed }: Amendment) => {
    const hasWords = words && SOURCES.some((name) => name in given)
    const all = { keepKey, journal, update: updateOf(given), records, ...(hasWords && words) }
    const values = {
      ...key,
      ...target,
      given: JSON.stringify(given),
      fixed: JSON.stringify(fixed),
      rows: JSON.stringify([{ ...given, id: target.id }]),
    }
    return write(db, all, values, why, ({ target: [found], broken }) => {
      if (!found) throw absent(resource)
      if (!found.fits) throw refusal('stale')
      const differing: string[] = JSON.parse(found.wrong)
      if (differing.length > 0) throw invalid(Object.fromEntries(differing.map(fixedError)))
      refuseBroken(resource, broken)
    })
  }
}

/** The error for a column that can't change, or for a mask that isn't this record's. */
const fixedError = (column: string) =>
  column === 'ssn_last_four' ? ['ssn', [INVALID]] : [column, [CANNOT_CHANGE]]
