import { sql } from 'drizzle-orm/sql/sql'
import { prepared } from '../db/prepared.ts'
import type { Session } from '../db/session.ts'
import type { SsnOwner } from '../ssn/suite.ts'
import { ownerOf, type Given, type Kind } from './kind.ts'

// Records as they are stored, for the operator: the Worker itself reads no sealed SSN.

/** An SSN as it is stored. */
export type StoredSsn = { key_id: string; sealed: string; last_four: string }

/** A record as an export has it: the documented keys, with the SSN as it is stored. */
export type ExportedRecord = {
  table: string
  clinic_id: string
  id: number
  [key: string]: unknown
}

/** A clinic's records after the given position, in order. */
export async function listStored(
  db: Session,
  kind: Kind,
  clinicId: string,
  after: number,
  limit: number,
): Promise<{ position: number; record: ExportedRecord }[]> {
  const select = prepared(
    sql`SELECT * FROM ${kind.table} WHERE clinic_id = :clinicId AND position > :after
      ORDER BY position LIMIT :limit`,
  )
  const [found] = await db.batch<Given>([select(db, { clinicId, after, limit })])
  return (found?.results ?? []).map((row) => ({
    position: Number(row.position),
    record: exported(kind, row),
  }))
}

function exported(kind: Kind, row: Given): ExportedRecord {
  const record = { table: kind.name, clinic_id: String(row.clinic_id), id: Number(row.id) }
  const fields = Object.keys(kind.record.shape).map((key) => [key, row[key]])
  const { ssn_key_id: key_id, ssn_sealed: sealed, ssn_last_four: last_four } = row
  return {
    ...record,
    ...Object.fromEntries(fields),
    ...('ssn' in kind.record.shape && {
      ssn: key_id === null ? null : { key_id, sealed, last_four },
    }),
  }
}

/** Whom the SSN of a record was sealed for. */
export function ssnOwner(kind: Kind, record: Record<string, unknown>): SsnOwner {
  const { type: ownableType, id: ownableId } = ownerOf(kind, record)
  return { clinicId: String(record.clinic_id), table: kind.name, ownableType, ownableId }
}

/** A sealed SSN with its place and its owner. */
export type SealedRecord = { id: number; keyId: string; sealed: string; owner: SsnOwner }

/** SSNs of all clinics that are not sealed to the key named, in the order of their ids. */
export async function listSealedToOtherKeys(
  db: Session,
  kind: Kind,
  keyId: string,
  after: number,
  limit: number,
): Promise<SealedRecord[]> {
  const select = prepared(
    sql`SELECT * FROM ${kind.table} WHERE ssn_key_id <> :keyId AND id > :after
      ORDER BY id LIMIT :limit`,
  )
  const [found] = await db.batch<Given>([select(db, { keyId, after, limit })])
  return (found?.results ?? []).map((row) => ({
    id: Number(row.id),
    keyId: String(row.ssn_key_id),
    sealed: String(row.ssn_sealed),
    owner: ssnOwner(kind, row),
  }))
}

/** An SSN sealed anew; `replaces` is what it was before. */
export type Resealed = { id: number; keyId: string; sealed: string; replaces: string }

/** Puts resealed SSNs in place, unless one has changed since. `updated_at` stays: the SSN is the same. */
export async function replaceSealed(
  db: Session,
  { table }: Kind,
  resealed: readonly Resealed[],
): Promise<number> {
  const update = prepared(
    sql`UPDATE ${table} SET ssn_key_id = given.value ->> '$.keyId', ssn_sealed = given.value ->> '$.sealed'
      FROM json_each(:rows) AS given
      WHERE ${table}.id = given.value ->> '$.id' AND ssn_sealed = given.value ->> '$.replaces'
      RETURNING id`,
  )
  const [written] = await db.batch([update(db, { rows: JSON.stringify(resealed) })])
  return written?.results.length ?? 0
}
