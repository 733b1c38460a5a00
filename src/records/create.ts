import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { isOpen } from '../clinics/queries.ts'
import { prepared } from '../storage/prepared.ts'
import type { Session } from '../storage/session.ts'
import { changes, ownables } from '../storage/tables.ts'
import { keepKey, type IdempotencyKey } from './idempotency.ts'
import {
  appendChange,
  endOf,
  isKeyUnused,
  newest,
  own,
  recordsUnderKey,
  told,
  type Answered,
  type Ended,
  type Told,
} from './journal.ts'
import { columnNames, soughtBy, type Given, type Kind } from './kind.ts'
import { highestId } from './numbering.ts'
import { isOfPeople, personColumns } from './search.ts'

/**
 * What became of a creation, with the status that the key keeps: 200 if a record that was there is returned. `absent`
 * are the records, by their place, whose owner does not exist.
 */
export type Creation =
  (Ended & { records: Answered[]; status: number }) | { outcome: 'absent'; absent: number[] }

/**
 * Creates records of a kind, all or none, once under a key. The journal is written if the clinic is open, the key
 * unused and every owner there.
 */
export function creator(kind: Kind) {
  const { table, owner } = kind
  const given = (name: string) => sql.raw(`given.value ->> '${name}'`)

  const withoutOwner = sql`
    SELECT key FROM json_each(:records) AS given WHERE NOT EXISTS (
      SELECT * FROM ${ownables} WHERE clinic_id = :clinicId
        AND type = ${given(owner.type)} AND id = ${given(owner.id)})`

  const made = sql`SELECT 201, min(record_id), 1, count(*) FROM (${own}) HAVING count(*) > 0`
  /** Writes the journal and the key: of new records, unless `existing` finds one that is there. */
  const writing = (existing?: SQL) => ({
    append: prepared(
      appendChange(kind, {
        action: 'create',
        from: sql`(SELECT ${highestId(kind)} AS id) AS highest JOIN json_each(:records) AS given`,
        where: sql`${isKeyUnused} AND NOT EXISTS (${withoutOwner})
          AND ${existing ? sql`(${existing}) IS NULL` : sql`true`}`,
        nth: sql`given.key`,
        id: sql`highest.id + 1 + given.key`,
        version: sql`1`,
      }),
    ),
    keep: keepKey(
      existing
        ? sql`${made} UNION ALL
          SELECT 200, id, version, 1 FROM ${table} WHERE clinic_id = :clinicId AND id = (${existing})
            AND ${isOpen} AND ${isKeyUnused} AND NOT EXISTS (${own})`
        : made,
    ),
  })
  const isPerson = personColumns(kind).map((name) => sql`${sql.raw(name)} = ${given(name)}`)
  const always = writing()
  const unlessThere = isOfPeople(kind)
    ? writing(sql`
        SELECT min(${table}.id) FROM json_each(:records) AS given CROSS JOIN ${soughtBy(kind, 'date_of_birth')}
          ON clinic_id = :clinicId AND ${sql.join(isPerson, sql` AND `)}`)
    : always

  const columns = columnNames(kind)
  const fromJournal: Record<string, string> = {
    id: 'own.record_id',
    version: 'own.version',
    created_at: 'own.at',
    updated_at: 'own.at',
  }
  const values = columns.map((column) => fromJournal[column] ?? `given.value ->> '${column}'`)
  // CROSS JOIN keeps the order: each record seeks its own row of the journal.
  const insert = prepared(
    sql`INSERT INTO ${table} (clinic_id, ${sql.raw(columns.join(', '))})
      SELECT :clinicId, ${sql.raw(values.join(', '))}
      FROM (${newest}) AS newest CROSS JOIN json_each(:records) AS given
        CROSS JOIN ${changes} AS own
        ON own.clinic_id = :clinicId AND own.seq = newest.seq - :count + 1 + given.key
      WHERE newest.request_id = :requestId ON CONFLICT DO NOTHING`,
  )

  const findEnd = prepared(
    sql`SELECT *, (SELECT json_group_array(key) FROM (${withoutOwner})) AS absent FROM (${told})`,
  )
  const findRecords = prepared(recordsUnderKey(kind))

  return async (
    db: Session,
    key: IdempotencyKey,
    records: readonly Given[],
    { returnExisting = false } = {},
  ): Promise<Creation> => {
    const { append, keep } = returnExisting ? unlessThere : always
    const values = { ...key, records: JSON.stringify(records), count: records.length }
    const [, , , end, found] = await db.batch<Answered & Told & { absent: string }>(
      [append, insert, keep, findEnd, findRecords].map((statement) => statement(db, values)),
    )
    const [what] = end?.results ?? []
    const ended = endOf(what, key)
    if (ended) return { ...ended, records: found?.results ?? [], status: what?.status ?? 201 }
    return { outcome: 'absent', absent: JSON.parse(what?.absent ?? '[]') }
  }
}
