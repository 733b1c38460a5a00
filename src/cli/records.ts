import { and, asc, eq, gt, isNotNull, ne, sql } from 'drizzle-orm'
import * as z from 'zod'
import type { Database } from '../db/client.ts'
import { dependents, personInformations } from '../db/tables.ts'
import { PATIENT } from '../fields/ownable-type.ts'
import type { SsnOwner } from '../ssn/suite.ts'
import { Misuse } from './failure.ts'

/** The tables that hold SSNs, by their names. */
export const TABLES = {
  person_informations: personInformations,
  dependents,
} as const
export type TableName = keyof typeof TABLES

/** The name of a table with SSNs. Throws Misuse. */
export function tableNamed(name: string): TableName {
  if (name === 'person_informations' || name === 'dependents') return name
  throw new Misuse(`${name} is no table: export ${Object.keys(TABLES).join(' or ')}`)
}

const sealedSsn = z.object({ key_id: z.string(), sealed: z.string(), last_four: z.string() })

/** A line of an export, as far as opening it needs: whose SSN it is, and the SSN as it is stored. */
export const exportedRecord = z.discriminatedUnion('table', [
  z.looseObject({
    table: z.literal('person_informations'),
    clinic_id: z.string(),
    ownable_type: z.string(),
    ownable_id: z.number(),
    ssn: sealedSsn.nullable(),
  }),
  z.looseObject({
    table: z.literal('dependents'),
    clinic_id: z.string(),
    primary_holder_id: z.number(),
    ssn: sealedSsn.nullable(),
  }),
])
export type ExportedRecord = z.infer<typeof exportedRecord>

/** Whom the SSN was sealed for. */
export const ownerOf = (record: ExportedRecord): SsnOwner => ({
  clinicId: record.clinic_id,
  table: record.table,
  ...(record.table === 'dependents'
    ? { ownableType: PATIENT, ownableId: record.primary_holder_id }
    : { ownableType: record.ownable_type, ownableId: record.ownable_id }),
})

/** A clinic's records after the given position, in order, with their SSNs as they are stored. */
export function listRecords(
  db: Database,
  table: TableName,
  clinicId: string,
  afterPosition: number,
  limit: number,
) {
  return table === 'dependents'
    ? listDependentRecords(db, clinicId, afterPosition, limit)
    : listPersonInformationRecords(db, clinicId, afterPosition, limit)
}

async function listPersonInformationRecords(
  db: Database,
  clinicId: string,
  afterPosition: number,
  limit: number,
) {
  const [rows] = await db.batch([
    db
      .select()
      .from(personInformations)
      .where(
        and(
          eq(personInformations.clinicId, clinicId),
          gt(personInformations.position, afterPosition),
        ),
      )
      .orderBy(asc(personInformations.position))
      .limit(limit),
  ])
  return rows.map((row) => ({
    position: row.position,
    record: {
      table: 'person_informations' as const,
      clinic_id: row.clinicId,
      id: row.id,
      ownable_id: row.ownableId,
      ownable_type: row.ownableType,
      first_name: row.firstName,
      last_name: row.lastName,
      date_of_birth: row.dateOfBirth,
      ssn: storedSsn(row),
      phone: row.phone,
      email: row.email,
      created_at: row.createdAt,
      updated_at: row.updatedAt,
    },
  }))
}

async function listDependentRecords(
  db: Database,
  clinicId: string,
  afterPosition: number,
  limit: number,
) {
  const [rows] = await db.batch([
    db
      .select()
      .from(dependents)
      .where(and(eq(dependents.clinicId, clinicId), gt(dependents.position, afterPosition)))
      .orderBy(asc(dependents.position))
      .limit(limit),
  ])
  return rows.map((row) => ({
    position: row.position,
    record: {
      table: 'dependents' as const,
      clinic_id: row.clinicId,
      id: row.id,
      primary_holder_id: row.primaryHolderId,
      first_name: row.firstName,
      last_name: row.lastName,
      date_of_birth: row.dateOfBirth,
      relationship: row.relationship,
      ssn: storedSsn(row),
      created_at: row.createdAt,
      updated_at: row.updatedAt,
    },
  }))
}

/** A sealed SSN with its place and its owner. */
export type SealedRecord = { id: number; keyId: string; sealed: string; owner: SsnOwner }

/** SSNs of all clinics that are not sealed to the key named, in the order of their ids. */
export async function listSealedToOtherKeys(
  db: Database,
  name: TableName,
  keyId: string,
  afterId: number,
  limit: number,
): Promise<SealedRecord[]> {
  const table = TABLES[name]
  const [rows] = await db.batch([
    db
      .select({
        id: table.id,
        clinicId: table.clinicId,
        ownableType:
          name === 'dependents' ? dependents.primaryHolderType : personInformations.ownableType,
        ownableId:
          name === 'dependents' ? dependents.primaryHolderId : personInformations.ownableId,
        keyId: table.ssnKeyId,
        sealed: table.ssnSealed,
      })
      .from(table)
      .where(and(isNotNull(table.ssnKeyId), ne(table.ssnKeyId, keyId), gt(table.id, afterId)))
      .orderBy(asc(table.id))
      .limit(limit),
  ])
  return rows.map(({ id, keyId, sealed, clinicId, ownableType, ownableId }) => ({
    id,
    keyId: keyId ?? '',
    sealed: sealed ?? '',
    owner: { clinicId, table: name, ownableType, ownableId },
  }))
}

/** An SSN sealed anew; `replaces` is what it was before. */
export type Resealed = { id: number; keyId: string; sealed: string; replaces: string }

/** Puts resealed SSNs in place, unless one has changed since. `updated_at` stays: the SSN is the same. */
export async function replaceSealed(
  db: Database,
  name: TableName,
  resealed: readonly Resealed[],
): Promise<number> {
  const table = TABLES[name]
  const given = sql`json_each(${JSON.stringify(resealed)}) AS given`
  const [written] = await db.batch([
    db
      .update(table)
      .set({
        ssnKeyId: sql`given.value ->> '$.keyId'`,
        ssnSealed: sql`given.value ->> '$.sealed'`,
      })
      .from(given)
      .where(
        sql`${table.id} = given.value ->> '$.id' AND ${table.ssnSealed} = given.value ->> '$.replaces'`,
      )
      .returning({ id: table.id }),
  ])
  return written.length
}

const storedSsn = (row: {
  ssnKeyId: string | null
  ssnSealed: string | null
  ssnLastFour: string | null
}) =>
  row.ssnKeyId === null
    ? null
    : { key_id: row.ssnKeyId, sealed: row.ssnSealed, last_four: row.ssnLastFour }
