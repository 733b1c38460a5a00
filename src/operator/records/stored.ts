import { sql } from 'drizzle-orm/sql/sql'
import { prepared } from '../../storage/prepared.ts'
import type { Session } from '../../storage/session.ts'
import { clinics } from '../../storage/tables.ts'
import type { SealedSsn } from '../../ssn/seal.ts'
import type { SsnOwner } from '../../ssn/suite.ts'
import type { Given, Resource } from '../../records/resource.ts'
import { ssnOwner } from '../../records/given.ts'

// Records as they are stored, for the operator: the Worker itself reads no sealed SSN.

/** A record as an export has it: the documented keys and its `uid`, with the SSN as it is stored. */
export type ExportedRecord = {
  table: string
  clinic_id: string
  id: number
  uid: string
  [key: string]: unknown
}

/** A clinic's records after the given id, in the order of their ids. */
export async function listStored(
  db: Session,
  resource: Resource,
  clinicId: string,
  after: number,
  limit: number,
): Promise<ExportedRecord[]> {
  const select = prepared(
    sql`SELECT * FROM ${resource.table} WHERE clinic_id = :clinicId AND id > :after
      ORDER BY id LIMIT :limit`,
  )
  const [found] = await db.batch<Given>([select(db, { clinicId, after, limit })])
  return (found?.results ?? []).map((row) => exported(resource, row))
}

function exported({ name, record: { shape } }: Resource, row: Given): ExportedRecord {
  const documented = Object.fromEntries(Object.keys(shape).map((key) => [key, row[key]]))
  const { ssn_key_id: key_id, ssn_sealed: sealed, ssn_last_four: last_four } = row
  const ssn = key_id === null ? null : { key_id, sealed, last_four }
  return {
    table: name,
    clinic_id: String(row.clinic_id),
    uid: String(row.uid),
    id: Number(row.id),
    ...documented,
    ...('ssn' in shape && { ssn }),
  }
}

/** A sealed SSN with its place and the record that it is of. */
export type SealedRecord = { clinicId: string; id: number; ssn: SealedSsn; owner: SsnOwner }

/** SSNs of all clinics that are not sealed to the key named, in the order of clinics and ids. */
export async function listSealedToOtherKeys(
  db: Session,
  resource: Resource,
  keyId: string,
  after: Pick<SealedRecord, 'clinicId' | 'id'>,
  limit: number,
): Promise<SealedRecord[]> {
  const select = prepared(
    sql`SELECT * FROM ${resource.table} WHERE ssn_key_id <> :keyId AND (clinic_id, id) > (:clinicId, :id)
      ORDER BY clinic_id, id LIMIT :limit`,
  )
  const [found] = await db.batch<Given>([select(db, { keyId, ...after, limit })])
  return (found?.results ?? []).map((row) => ({
    clinicId: String(row.clinic_id),
    id: Number(row.id),
    ssn: {
      keyId: String(row.ssn_key_id),
      sealed: String(row.ssn_sealed),
      lastFour: String(row.ssn_last_four),
    },
    owner: ssnOwner(resource, row),
  }))
}

/** An SSN sealed anew; `replaces` is what it was before. */
export type Resealed = {
  clinicId: string
  id: number
  keyId: string
  sealed: string
  replaces: string
}

/**
 * Puts resealed SSNs in place, unless one has changed since, and tells of which records. `updated_at` and
 * `version` stay: the SSN is the same.
 */
export async function replaceSealed(
  db: Session,
  { table }: Resource,
  resealed: readonly Resealed[],
): Promise<Pick<SealedRecord, 'clinicId' | 'id'>[]> {
  const update = prepared(
    sql`UPDATE ${table} SET ssn_key_id = given.value ->> '$.keyId', ssn_sealed = given.value ->> '$.sealed'
      FROM json_each(:rows) AS given
      WHERE clinic_id = given.value ->> '$.clinicId' AND ${table}.id = given.value ->> '$.id'
        AND ssn_sealed = given.value ->> '$.replaces'
        AND clinic_id IN (SELECT id FROM ${clinics} WHERE state IN ('open', 'suspended'))
      RETURNING clinic_id AS clinicId, ${table}.id`,
  )
  const [written] = await db.batch<Pick<SealedRecord, 'clinicId' | 'id'>>([
    update(db, { rows: JSON.stringify(resealed) }),
  ])
  return written?.results ?? []
}
