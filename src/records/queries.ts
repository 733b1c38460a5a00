import { sql } from 'drizzle-orm/sql/sql'
import { appendCreation } from '../audit/queries.ts'
import { columnsOf, jsonOf } from '../db/json.ts'
import { listByOffset, listByPosition } from '../db/pages.ts'
import { prepared } from '../db/prepared.ts'
import type { Session } from '../db/session.ts'
import { ownables } from '../db/tables.ts'
import { PATIENT } from '../fields/ownable-type.ts'
import { findKey, keepKey, usesOfKey, type IdempotencyKey } from './idempotency.ts'
import { answeredBy, ownColumns, ownerOf, type Given, type Kind } from './kind.ts'

/** A record as it is answered, in JSON, and its id. */
export type Inserted = { id: number; json: string }

/** What became of an insert under a key. `absent`: the owner that the record names does not exist. */
export type Insertion =
  | { outcome: 'created' | 'replayed'; record: Inserted }
  | { outcome: 'conflict' }
  | { outcome: 'absent' }

/** The queries of one kind of record; each names the clinic whose records it is about. */
export type RecordQueries = ReturnType<typeof recordQueries>

export function recordQueries(kind: Kind) {
  const { table, owner } = kind
  const answered = answeredBy(kind)
  const names = ownColumns(kind)
  const columns = sql.raw(names.join(', '))
  const values = sql.raw(names.map((name) => `:${name}`).join(', '))
  const [ownerType, ownerId] = [sql.raw(owner.type), sql.raw(owner.id)]

  const findOne = prepared(
    sql`SELECT id, ${jsonOf(answered)} AS json
      FROM (SELECT ${columnsOf(answered)} FROM ${table} WHERE clinic_id = :clinicId AND id = :id)`,
  )

  const insertOne = prepared(
    sql`INSERT INTO ${table} (clinic_id, position, ${ownerType}, ${ownerId}, ${columns},
        created_at, updated_at)
      SELECT clinic_id,
        1 + (SELECT coalesce(max(position), 0) FROM ${table} WHERE clinic_id = :clinicId),
        type, id, ${values}, :now, :now
      FROM ${ownables} WHERE clinic_id = :clinicId AND type = :ownerType AND id = :ownerId
        AND NOT EXISTS (SELECT * FROM ${usesOfKey})`,
  )
  /** Made by this very request, or by an earlier one that asked for the same. */
  const recordUnderKey = sql`SELECT record_id FROM ${usesOfKey} AND fingerprint = :fingerprint`
  const findMade = prepared(
    sql`SELECT id, ${jsonOf(answered)} AS json
      FROM (SELECT ${columnsOf(answered)} FROM ${table}
        WHERE clinic_id = :clinicId AND id = (${recordUnderKey}))`,
  )
  const appendEvent = appendCreation(kind.name, recordUnderKey)

  return {
    list: listByPosition(answered, table, sql`position`, sql`clinic_id = :clinicId`),
    listOfPatient: listByOffset(
      answered,
      table,
      sql`id`,
      sql`clinic_id = :clinicId AND ${ownerType} = ${sql.raw(`'${PATIENT}'`)} AND ${ownerId} = :patientId`,
    ),

    /** Finds one record, as JSON; another clinic's is as absent as one that never was. */
    async find(db: Session, clinicId: string, id: number) {
      const [found] = await db.batch<Inserted>([findOne(db, { clinicId, id })])
      return found?.results[0]?.json
    },

    /**
     * Inserts a record of one of the clinic's ownables, once under the key. One transaction inserts the record
     * if its owner is there and the key unused, keeps the key if that made a record, finds the key and its
     * record, and appends the audit event if there is a record to tell of.
     */
    async insert(db: Session, stored: Given, key: IdempotencyKey): Promise<Insertion> {
      const { type: ownerType, id: ownerId } = ownerOf(kind, stored)
      const filled = { ...stored, ...key, ownerType, ownerId, now: new Date().toISOString() }
      const [, , kept, found] = await db.batch<Inserted & { request_id: string }>(
        [insertOne, keepKey, findKey, findMade, appendEvent].map((statement) =>
          statement(db, filled),
        ),
      )
      const [firstUse] = kept?.results ?? []
      const [record] = found?.results ?? []
      if (firstUse === undefined) return { outcome: 'absent' }
      if (record === undefined) return { outcome: 'conflict' }
      return { outcome: firstUse.request_id === key.requestId ? 'created' : 'replayed', record }
    },
  }
}
