import { sql, type SQL } from 'drizzle-orm/sql/sql'
import type { FieldErrors } from '../../http/errors.ts'
import type { Ownable } from '../../ownables/queries.ts'
import { countDeletion } from '../../records/deletions.ts'
import { KEY, ownKey, type IdempotencyKey } from '../../records/idempotency.ts'
import { brokenIn, errorsOfBroken, selectBroken } from '../../records/refusals.ts'
import { contentOf, ownerTypeOf, type Given, type Resource } from '../../records/resource.ts'
import { addWords } from '../../records/words.ts'
import { commit, nextSeq, nowOrLater, used } from '../../records/write.ts'
import type { Session } from '../../storage/session.ts'
import { first, rows, statements } from '../../storage/statement.ts'
import { changes, clinics, idempotencyKeys } from '../../storage/tables.ts'

// The operator's repairs of single records. Each is one batch under its own key, like a client's write, and is safe to
// repeat.

/** Which record, and who repairs it. `requestId` identifies this run. */
export type Repair = { clinicId: string; id: number; tokenId: string; requestId?: string }

const selectUsed = statements('repair', KEY).statement(sql`
  SELECT status FROM ${used.row} WHERE ${used.isOurs}`)

/** Writes under a key of its own. Returns whether that is done, now or by a try whose answer was lost. */
async function repaired(
  db: Session,
  { id, ...who }: Repair,
  write: (values: IdempotencyKey & { id: number }) => Promise<object | undefined>,
) {
  const key = ownKey(who)
  return Boolean((await write({ ...key, id })) ?? (await first(db, selectUsed, key)))
}

export function repairer(resource: Resource) {
  const { name, table, text, columns, owner, ownerColumns, hasSsn, person } = resource
  const { $, statement } = statements(`repair ${name}`, { ...KEY, id: 'integer' })
  const owned = { type: 'text', ownerId: 'integer', version: 'integer', ssn: 'text' } as const
  const reassigning = statements(`repair ${name}`, { ...KEY, id: 'integer', ...owned })

  /** Inserts the key row, with the record's id and next version, if the clinic is open and `target` has a row. */
  const keepKeyOf = (target: SQL) => sql`
    INSERT INTO ${idempotencyKeys} (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ${$.key}, ${nowOrLater}, ${$.fingerprint}, ${$.requestId}, 200, target.id, target.version + 1, 1
    FROM ${clinics} CROSS JOIN ${target} AS target WHERE clinics.id = ${$.clinicId} AND clinics.state = 'open'
    RETURNING status`

  /** The key row and the journal of a repair, if the record's last change meets the condition `fits`. */
  const ofDeleted = (action: 'restore' | 'erase', fits: SQL) => ({
    keepKey: statement(
      keepKeyOf(sql`(SELECT * FROM (SELECT record_id AS id, version, action, before FROM ${changes}
      WHERE clinic_id = ${$.clinicId} AND resource = ${text} AND record_id = ${$.id}
      ORDER BY version DESC LIMIT 1) WHERE ${fits})`),
    ),
    journal: statement(sql`
      INSERT INTO ${changes} (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
      SELECT ${$.clinicId}, ${nextSeq}, ${text}, record_id, version, ${sql.raw(`'${action}'`)}, at,
        ${$.tokenId}, request_id, '[]'
      FROM ${used.row} WHERE ${used.isOurs}`),
  })

  const values = columns.map((column) => {
    if (column === 'version') return 'used.version'
    return column === 'updated_at' ? 'used.at' : `deleted.before ->> '${column}'`
  })
  const inserting = {
    ...ofDeleted('restore', sql`action = 'delete' AND before IS NOT NULL`),
    insert: statement(sql`
      INSERT INTO ${table} (clinic_id, ${sql.raw(columns.join(', '))})
      SELECT ${$.clinicId}, ${sql.raw(values.join(', '))} FROM ${used.row} CROSS JOIN ${changes} AS deleted
        ON deleted.clinic_id = ${$.clinicId} AND deleted.resource = ${text}
          AND deleted.record_id = used.record_id AND deleted.version = used.version - 1
      WHERE ${used.isOurs}`),
    count: countDeletion(resource, -1),
  }
  const restoring = person ? { ...inserting, words: addWords(resource) } : inserting

  const erasing = {
    ...ofDeleted('erase', sql`action = 'delete'`),
    erase: statement(sql`
      UPDATE ${changes} SET before = NULL
      WHERE clinic_id = ${$.clinicId} AND resource = ${text} AND record_id = (SELECT record_id FROM ${used.row} WHERE ${used.isOurs})
        AND before IS NOT NULL`),
  }

  const select = statements(`find ${name}`, { clinicId: 'text', id: 'integer' }).statement<Given>(
    sql`SELECT * FROM ${table} WHERE clinic_id = ${$.clinicId} AND id = ${$.id}`,
  )

  const selectWrong = selectBroken(resource)
  const given = reassigning.$
  const target = sql`(SELECT ${sql.raw(['id', 'version', ...ownerColumns].join(', '))}, ${contentOf(resource)} AS content FROM ${table}
      WHERE clinic_id = ${$.clinicId} AND id = ${$.id} AND version = ${given.version})`
  const [type, ownerId] = [sql.raw(`'${owner.type ?? ''}'`), sql.raw(`'${owner.id}'`)]
  const set = [
    ...[sql`version = used.version`, sql`updated_at = used.at`],
    sql`${sql.raw(owner.id)} = ${given.ownerId}`,
    ...(owner.type === undefined ? [] : [sql`${sql.raw(owner.type)} = ${given.type}`]),
    ...(hasSsn
      ? [
          sql`ssn_key_id = coalesce(${given.ssn} ->> 'ssn_key_id', ssn_key_id)`,
          sql`ssn_sealed = coalesce(${given.ssn} ->> 'ssn_sealed', ssn_sealed)`,
        ]
      : []),
  ]
  const reassigned = {
    keepKey: reassigning.statement(keepKeyOf(target)),
    journal: reassigning.statement(sql`
      INSERT INTO ${changes} (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
      SELECT ${$.clinicId}, ${nextSeq}, ${text}, target.id, used.version, 'reassign', used.at, ${$.tokenId}, used.request_id,
        iif(${ownerTypeOf(resource)} = ${given.type}, json_array(${ownerId}), json_array(${type}, ${ownerId})), content
      FROM ${used.row} CROSS JOIN ${target} AS target WHERE ${used.isOurs}`),
    update: reassigning.statement(sql`
      UPDATE ${table} SET ${sql.join(set, sql`, `)} FROM ${used.row}
      WHERE ${used.isOurs}
        AND ${table}.clinic_id = ${$.clinicId} AND id = ${$.id} AND ${table}.version = used.version - 1`),
  }

  return {
    /** Restores a deleted record under its old id. False if it isn't deleted, or was erased. */
    restore: (db: Session, repair: Repair) =>
      repaired(db, repair, (values) => commit(db, restoring, values)),

    /** Erases a deleted record's content from the journal for good. False if it isn't deleted, or was erased before. */
    erase: (db: Session, repair: Repair) =>
      repaired(db, repair, (values) => commit(db, erasing, values)),

    /** Finds the stored record to reassign; undefined if the clinic has no record with that id. */
    find: (db: Session, { clinicId, id }: Repair) => first(db, select, { clinicId, id }),

    /** What would be wrong if the record had that owner, by field. */
    async errorsOf(db: Session, { clinicId, id }: Repair, to: Ownable): Promise<FieldErrors> {
      const owned = { id, [owner.id]: to.id, ...(owner.type && { [owner.type]: to.type }) }
      const broken = await rows(db, selectWrong, { clinicId, rows: JSON.stringify([owned]) })
      return errorsOfBroken(resource, brokenIn(broken))
    },

    /**
     * Gives a record another owner, with the SSN resealed for that owner. False if the record has changed since
     * `version`, or may not have that owner.
     */
    reassign(db: Session, repair: Repair, to: Ownable, version: number, ssn: Given) {
      const owner = { type: to.type, ownerId: to.id, version, ssn: JSON.stringify(ssn) }
      return repaired(db, repair, (values) => commit(db, reassigned, { ...values, ...owner }))
    },
  }
}
