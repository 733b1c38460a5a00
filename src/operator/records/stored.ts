import { sql } from 'drizzle-orm/sql/sql'
import type { Session } from '../../storage/session.ts'
import { rows, statements } from '../../storage/statement.ts'
import { clinics } from '../../storage/tables.ts'
import type { Given, Resource } from '../../records/resource.ts'
import { ssnOwner } from '../../records/given.ts'

// Records as they are stored, for the operator: the Worker itself reads no sealed SSN.

const PAGE_ROWS = 500

/** A page of a clinic's records, those after the given id, as an export has them: their SSNs are still sealed. */
export async function listStored(db: Session, resource: Resource, clinicId: string, after: number) {
  const found = await rows(db, selectStored(resource), { clinicId, after, limit: PAGE_ROWS })
  const { name: table, record, hasSsn } = resource
  return found.map((row): { id: number; [field: string]: unknown } => {
    const { clinic_id, uid, id, ssn_key_id: key_id, ssn_sealed: sealed, ssn_last_four } = row
    const documented = Object.fromEntries(Object.keys(record.shape).map((key) => [key, row[key]]))
    const ssn = key_id === null ? null : { key_id, sealed, last_four: ssn_last_four }
    return { table, clinic_id, uid, id: Number(id), ...documented, ...(hasSsn && { ssn }) }
  })
}

type Place = { clinicId: string; id: number }

export type SealedRecord = Awaited<ReturnType<typeof listSealedToOtherKeys>>[number]

/** The SSNs of all clinics that are sealed to a key other than `keyId`, by clinic and id. */
export async function listSealedToOtherKeys(
  db: Session,
  resource: Resource,
  keyId: string,
  after: Place,
  limit = 200,
) {
  const found = await rows(db, resealing(resource).select, { keyId, ...after, limit })
  return found.map((row) => ({
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

/** A resealed SSN; `replaces` is what was stored before. */
type Resealed = Place & { keyId: string; sealed: string; replaces: string }

/**
 * Stores resealed SSNs, except those that have changed meanwhile, and returns their records. `updated_at` and `version`
 * stay: the SSN is the same.
 */
export const replaceSealed = (db: Session, resource: Resource, resealed: readonly Resealed[]) =>
  rows(db, resealing(resource).update, { resealed: JSON.stringify(resealed) })

export function selectStored({ name, table }: Resource) {
  const types = { clinicId: 'text', after: 'integer', limit: 'integer' } as const
  const { $, statement } = statements(`export ${name}`, types)
  return statement<Given>(sql`
    SELECT * FROM ${table} WHERE clinic_id = ${$.clinicId} AND id > ${$.after} ORDER BY id LIMIT ${$.limit}`)
}

export function resealing({ name, table }: Resource) {
  const types = { keyId: 'text', clinicId: 'text', id: 'integer', limit: 'integer' } as const
  const sealed = statements(`reseal ${name}`, types)
  const fresh = statements(`reseal ${name}`, { resealed: 'text' })
  return {
    select: sealed.statement<Given>(sql`
      SELECT * FROM ${table}
      WHERE ssn_key_id <> ${sealed.$.keyId} AND (clinic_id, id) > (${sealed.$.clinicId}, ${sealed.$.id})
      ORDER BY clinic_id, id LIMIT ${sealed.$.limit}`),
    update: fresh.statement<Place>(sql`
      UPDATE ${table}
      SET ssn_key_id = given.value ->> 'keyId', ssn_sealed = given.value ->> 'sealed'
      FROM json_each(${fresh.$.resealed}) AS given
      WHERE clinic_id = given.value ->> 'clinicId' AND ${table}.id = given.value ->> 'id'
        AND ssn_sealed = given.value ->> 'replaces'
        AND EXISTS (SELECT * FROM ${clinics} WHERE clinics.id = clinic_id AND state IN ('open', 'suspended'))
      RETURNING clinic_id AS clinicId, ${table}.id`),
  }
}
