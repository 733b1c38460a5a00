import { sql } from 'drizzle-orm/sql/sql'
import type { Ownable } from '../../ownables/queries.ts'
import { countDeletion } from '../../records/deletions.ts'
import { KEY, ownKey, type IdempotencyKey } from '../../records/idempotency.ts'
import { contentOf, ownerTypeOf, type Given, type Resource } from '../../records/resource.ts'
import { addWords } from '../../records/words.ts'
import { commit, nextSeq, nowOrLater, used } from '../../records/write.ts'
import type { Session } from '../../storage/session.ts'
import { first, statements } from '../../storage/statement.ts'
import { changes, clinics, idempotencyKeys } from '../../storage/tables.ts'

// What the operator does to single records. Each is one batch under a key of its own, as a client's writes are, and is
// safe to run again.

/** Which record, and who repairs it. `requestId` names this very run. */
export type Repair = { clinicId: string; id: number; tokenId: string; requestId?: string }

const RECORD = { ...KEY, id: 'integer' } as const

const selectUsed = statements('repair', KEY).statement(sql`SELECT status FROM ${used}`)

/** Whether this run has written, now or before an answer of D1 was lost. */
async function isDone<All extends Parameters<typeof commit>[1]>(
  db: Session,
  all: All,
  values: Parameters<typeof commit<All>>[2] & IdempotencyKey,
): Promise<boolean> {
  if (await commit(db, all, values)) return true
  return (await first(db, selectUsed, values)) !== undefined
}

/** The statements that write the key and the journal of a repair of a record whose last change is as `fits` says. */
function repairing(resource: Resource, action: 'restore' | 'erase', fits: string) {
  const { $, statement } = statements(`${action} ${resource.name}`, RECORD)
  const last = sql`(SELECT record_id, version, action, before FROM ${changes}
      WHERE clinic_id = ${$.clinicId} AND resource = ${resource.text} AND record_id = ${$.id}
      ORDER BY version DESC LIMIT 1) AS last`
  const keepKey = statement(sql`
    INSERT INTO ${idempotencyKeys} (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ${$.key}, ${nowOrLater}, ${$.fingerprint}, ${$.requestId}, 200, record_id, version + 1, 1
    FROM ${clinics} CROSS JOIN ${last} WHERE clinics.id = ${$.clinicId} AND state = 'open' AND ${sql.raw(fits)}
    RETURNING status`)
  const journal = statement(sql`
    INSERT INTO ${changes} (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
    SELECT ${$.clinicId}, ${nextSeq}, ${resource.text}, record_id, version, ${sql.raw(`'${action}'`)}, at,
      ${$.tokenId}, request_id, '[]'
    FROM ${used}`)
  return { $, statement, keepKey, journal }
}

/** Brings a deleted record back under its own id. False if it is not deleted, or was erased. */
function restorer(resource: Resource) {
  const { table, text, columns } = resource
  const fits = "action = 'delete' AND before IS NOT NULL"
  const { $, statement, keepKey, journal } = repairing(resource, 'restore', fits)
  const values = columns.map((column) => {
    if (column === 'version') return 'used.version'
    return column === 'updated_at' ? 'used.at' : `deleted.before ->> '${column}'`
  })
  const insert = statement(sql`
    INSERT INTO ${table} (clinic_id, ${sql.raw(columns.join(', '))})
    SELECT ${$.clinicId}, ${sql.raw(values.join(', '))} FROM ${used} CROSS JOIN ${changes} AS deleted
      ON deleted.clinic_id = ${$.clinicId} AND deleted.resource = ${text}
        AND deleted.record_id = used.record_id AND deleted.version = used.version - 1`)
  const ofAny = { keepKey, journal, insert, count: countDeletion(resource, -1) }
  const all = resource.person ? { ...ofAny, words: addWords(resource) } : ofAny

  return async (db: Session, { id, ...who }: Repair): Promise<boolean> =>
    await isDone(db, all, { ...ownKey(who), id })
}

/** Takes a deleted record's content out of the journal for good. False if it is not deleted, or was erased before. */
function eraser(resource: Resource) {
  const { $, statement, keepKey, journal } = repairing(resource, 'erase', "action = 'delete'")
  const erase = statement(sql`
    UPDATE ${changes} SET before = NULL
    WHERE clinic_id = ${$.clinicId} AND resource = ${resource.text} AND record_id = (SELECT record_id FROM ${used})
      AND before IS NOT NULL`)

  return async (db: Session, { id, ...who }: Repair): Promise<boolean> =>
    await isDone(db, { keepKey, journal, erase }, { ...ownKey(who), id })
}

/** Finds a record as it is stored, to be reassigned; undefined if the clinic has none under the id. */
function finder({ name, table }: Resource) {
  const { $, statement } = statements(`find ${name}`, { clinicId: 'text', id: 'integer' })
  const select = statement<Given>(sql`
    SELECT * FROM ${table} WHERE clinic_id = ${$.clinicId} AND id = ${$.id}`)

  return (db: Session, { clinicId, id }: Repair) => first(db, select, { clinicId, id })
}

/**
 * Gives a record another owner, and with it the SSN as it was sealed anew for that one. False if the record has changed
 * since `version`, or the owner is not registered.
 */
function reassigner(resource: Resource) {
  const { name, table, text, owner, hasSsn } = resource
  const { $, statement } = statements(`reassign ${name}`, {
    ...RECORD,
    type: 'text',
    ownerId: 'integer',
    version: 'integer',
    ssn: 'text',
  })
  const target = sql`(SELECT *, ${contentOf(resource)} AS content FROM ${table}
      WHERE clinic_id = ${$.clinicId} AND id = ${$.id} AND version = ${$.version}) AS target`

  const keepKey = statement(sql`
    INSERT INTO ${idempotencyKeys} (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ${$.key}, ${nowOrLater}, ${$.fingerprint}, ${$.requestId}, 200, target.id, target.version + 1, 1
    FROM ${clinics} CROSS JOIN ${target} WHERE clinics.id = ${$.clinicId} AND state = 'open'
    RETURNING status`)

  const [type, ownerId] = [sql.raw(`'${owner.type ?? ''}'`), sql.raw(`'${owner.id}'`)]
  const journal = statement(sql`
    INSERT INTO ${changes} (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
    SELECT ${$.clinicId}, ${nextSeq}, ${text}, target.id, used.version, 'reassign', used.at, ${$.tokenId}, used.request_id,
      iif(${ownerTypeOf(resource)} = ${$.type}, json_array(${ownerId}), json_array(${type}, ${ownerId})), content
    FROM ${used} CROSS JOIN ${target}`)

  const set = [
    ...[sql`version = used.version`, sql`updated_at = used.at`],
    sql`${sql.raw(owner.id)} = ${$.ownerId}`,
    ...(owner.type === undefined ? [] : [sql`${sql.raw(owner.type)} = ${$.type}`]),
    ...(hasSsn
      ? [
          sql`ssn_key_id = coalesce(${$.ssn} ->> 'ssn_key_id', ssn_key_id)`,
          sql`ssn_sealed = coalesce(${$.ssn} ->> 'ssn_sealed', ssn_sealed)`,
        ]
      : []),
  ]
  const update = statement(sql`
    UPDATE ${table} SET ${sql.join(set, sql`, `)} FROM ${used}
    WHERE ${table}.clinic_id = ${$.clinicId} AND id = ${$.id} AND ${table}.version = used.version - 1`)
  const all = { keepKey, journal, update }

  return async (
    db: Session,
    { id, ...who }: Repair,
    { type, id: ownerId }: Ownable,
    version: number,
    ssn: Given,
  ): Promise<boolean> => {
    const values = { ...ownKey(who), id, type, ownerId, version, ssn: JSON.stringify(ssn) }
    return await isDone(db, all, values)
  }
}

/** What the operator can do to a record of a resource. */
export const repairer = (resource: Resource) => ({
  restore: restorer(resource),
  erase: eraser(resource),
  find: finder(resource),
  reassign: reassigner(resource),
})
