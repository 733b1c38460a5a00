import { sql } from 'drizzle-orm/sql/sql'
import { prepared, type Prepared } from '../../storage/prepared.ts'
import type { Session } from '../../storage/session.ts'
import { changes, gaps, ownables } from '../../storage/tables.ts'
import type { Ownable } from '../../ownables/queries.ts'
import { appendChange, contentOf, own } from '../../records/journal.ts'
import { columnNames, nameOf, type Given, type Kind } from '../../records/kind.ts'

// What the operator does to single records. Each is one batch under the journal, as a client's writes are, and is safe
// to run again.

/** Which record, and who does it when: `requestId` names this very run. */
export type Deed = { clinicId: string; id: number; tokenId: string; requestId: string; now: string }

/** The last change of the record. */
const last = (kind: Kind) => sql`
  SELECT * FROM ${changes} WHERE clinic_id = :clinicId AND resource = ${nameOf(kind)} AND record_id = :id
  ORDER BY version DESC LIMIT 1`

/** Whether this run has written its change. */
const findOwn = prepared(sql`SELECT action FROM (${own})`)

async function run(db: Session, statements: readonly Prepared[], deed: Deed & Given) {
  const all = [...statements, findOwn]
  const answers = await db.batch(all.map((statement) => statement(db, { ...deed, count: 1 })))
  return (answers.at(-1)?.results.length ?? 0) > 0
}

/** Brings a deleted record back under its own id. False if it is not deleted, or was erased. */
export function restoreRecord(db: Session, kind: Kind, deed: Deed): Promise<boolean> {
  const { table } = kind
  const columns = columnNames(kind)
  const now: Record<string, string> = { version: 'own.version', updated_at: 'own.at' }
  const gapsOfKind = sql`clinic_id = :clinicId AND resource = ${nameOf(kind)}`
  const statements = [
    appendChange(kind, {
      action: 'restore',
      from: sql`(${last(kind)})`,
      where: sql`action = 'delete' AND before IS NOT NULL`,
      id: sql`record_id`,
    }),
    sql`INSERT INTO ${table} (clinic_id, ${sql.raw(columns.join(', '))})
      SELECT :clinicId, ${sql.raw(columns.map((name) => now[name] ?? `deleted.before ->> '${name}'`).join(', '))}
      FROM (${own}) AS own JOIN ${changes} AS deleted
        ON deleted.clinic_id = :clinicId AND deleted.resource = own.resource
          AND deleted.record_id = own.record_id AND deleted.version = own.version - 1
      WHERE true ON CONFLICT DO NOTHING`,
    sql`UPDATE ${gaps} SET ordinal = ordinal - 1, listed_before = listed_before + 1
      WHERE ${gapsOfKind} AND id > :id AND EXISTS (${own})
        AND EXISTS (SELECT * FROM ${gaps} WHERE ${gapsOfKind} AND id = :id)`,
    sql`DELETE FROM ${gaps} WHERE ${gapsOfKind} AND id = :id AND EXISTS (${own})`,
  ]
  return run(db, statements.map(prepared), deed)
}

/** A record as it is stored, to be reassigned; undefined if the clinic has none under the id. */
export async function findStored(db: Session, { table }: Kind, clinicId: string, id: number) {
  const select = prepared(sql`SELECT * FROM ${table} WHERE clinic_id = :clinicId AND id = :id`)
  const [found] = await db.batch<Given>([select(db, { clinicId, id })])
  return found?.results[0]
}

/**
 * Gives a record another owner, and with it the SSN as it was sealed anew for that one. False if the record has changed
 * since `version`, or the owner is not registered.
 */
export function reassignRecord(
  db: Session,
  kind: Kind,
  deed: Deed,
  { type, id: ownerId }: Ownable,
  version: number,
  ssn: Given,
): Promise<boolean> {
  const { table, owner } = kind
  const changed = sql.raw(
    `CASE ${owner.type} WHEN :type THEN '["${owner.id}"]' ELSE '["${owner.type}","${owner.id}"]' END`,
  )
  const set = Object.keys(ssn).map((name) => `${name} = :${name}, `)
  const statements = [
    appendChange(kind, {
      action: 'reassign',
      from: sql`${table}`,
      where: sql`clinic_id = :clinicId AND id = :id AND version = :version AND EXISTS (
        SELECT * FROM ${ownables} WHERE clinic_id = :clinicId AND type = :type AND id = :ownerId)`,
      changed,
      before: contentOf(kind),
    }),
    sql`UPDATE ${table} SET ${sql.raw(`${set.join('')}${owner.type} = :type, ${owner.id} = :ownerId,`)}
        version = own.version, updated_at = own.at
      FROM (${own}) AS own
      WHERE ${table}.clinic_id = :clinicId AND id = :id AND ${table}.version = own.version - 1`,
  ]
  return run(db, statements.map(prepared), { ...deed, ...ssn, type, ownerId, version })
}

/** Takes a deleted record's content out of the journal for good. False if it is not deleted, or was erased before. */
export function eraseRecord(db: Session, kind: Kind, deed: Deed): Promise<boolean> {
  const statements = [
    appendChange(kind, {
      action: 'erase',
      from: sql`(${last(kind)})`,
      where: sql`action = 'delete'`,
      id: sql`record_id`,
    }),
    sql`UPDATE ${changes} SET before = NULL WHERE clinic_id = :clinicId AND resource = ${nameOf(kind)}
      AND record_id = :id AND before IS NOT NULL AND EXISTS (${own})`,
  ]
  return run(db, statements.map(prepared), deed)
}
