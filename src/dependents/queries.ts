import { and, eq, sql } from 'drizzle-orm'
import type { Client } from '../db/client.ts'
import { listByOffset, listByPosition, type PageRequest } from '../db/paging.ts'
import { dependents, ownables } from '../db/tables.ts'
import { PATIENT } from '../fields/ownable-type.ts'
import { insertOnce, type IdempotencyKey } from '../idempotency/queries.ts'
import { maskedSsn } from '../ssn/mask.ts'
import type { SealedSsn } from '../ssn/seal.ts'
import type { NewDependent } from './schema.ts'

/** The documented keys in the documented order; no query selects more of the SSN than its mask. */
const answered = {
  id: dependents.id,
  primary_holder_id: dependents.primaryHolderId,
  first_name: dependents.firstName,
  last_name: dependents.lastName,
  date_of_birth: dependents.dateOfBirth,
  relationship: dependents.relationship,
  ssn: maskedSsn(dependents.ssnLastFour).as('ssn'),
  created_at: dependents.createdAt,
  updated_at: dependents.updatedAt,
}

const inClinic = eq(dependents.clinicId, sql.placeholder('clinicId'))

const allOfClinic = listByPosition(answered, dependents, dependents.position, inClinic)

const allOfPrimaryHolder = listByOffset(
  answered,
  dependents,
  dependents.id,
  and(
    inClinic,
    eq(dependents.primaryHolderType, PATIENT),
    eq(dependents.primaryHolderId, sql.placeholder('primaryHolderId')),
  ),
)

/** Lists the clinic's dependents in the order of their making, those of one holder if it is given. */
export const listDependents = (
  db: Client,
  clinicId: string,
  { primaryHolderId, ...request }: PageRequest & { primaryHolderId: number | undefined },
) =>
  primaryHolderId === undefined
    ? allOfClinic(db, request, { clinicId })
    : allOfPrimaryHolder(db, request, { clinicId, primaryHolderId })

const insertOne = insertOnce(
  'dependents',
  dependents,
  {
    primaryHolderType: ownables.type,
    primaryHolderId: ownables.id,
    firstName: sql.placeholder('first_name'),
    lastName: sql.placeholder('last_name'),
    dateOfBirth: sql.placeholder('date_of_birth'),
    relationship: sql.placeholder('relationship'),
  },
  answered,
)

/** Inserts a dependent of one of the clinic's patients, once under the key. */
export const insertDependent = (
  db: Client,
  given: Omit<NewDependent, 'ssn'>,
  ssn: SealedSsn | null,
  key: IdempotencyKey,
) => insertOne(db, key, { type: PATIENT, id: given.primary_holder_id }, given, ssn)
