import { and, eq, sql } from 'drizzle-orm'
import { QueryBuilder } from 'drizzle-orm/sqlite-core'
import type { Client } from '../db/client.ts'
import { jsonOf } from '../db/json.ts'
import { listByOffset, listByPosition, type PageRequest } from '../db/paging.ts'
import { prepared } from '../db/prepared.ts'
import { ownables, personInformations } from '../db/tables.ts'
import { PATIENT } from '../fields/ownable-type.ts'
import { insertOnce, type IdempotencyKey } from '../idempotency/queries.ts'
import { maskedSsn } from '../ssn/mask.ts'
import type { SealedSsn } from '../ssn/seal.ts'
import type { NewPersonInformation } from './schema.ts'

/** The documented keys in the documented order; no query selects more of the SSN than its mask. */
const answered = {
  id: personInformations.id,
  ownable_id: personInformations.ownableId,
  ownable_type: personInformations.ownableType,
  first_name: personInformations.firstName,
  last_name: personInformations.lastName,
  date_of_birth: personInformations.dateOfBirth,
  ssn: maskedSsn(personInformations.ssnLastFour).as('ssn'),
  phone: personInformations.phone,
  email: personInformations.email,
  created_at: personInformations.createdAt,
  updated_at: personInformations.updatedAt,
}

const inClinic = eq(personInformations.clinicId, sql.placeholder('clinicId'))

const allOfClinic = listByPosition(
  answered,
  personInformations,
  personInformations.position,
  inClinic,
)

const allOfPatient = listByOffset(
  answered,
  personInformations,
  personInformations.id,
  and(
    inClinic,
    eq(personInformations.ownableType, PATIENT),
    eq(personInformations.ownableId, sql.placeholder('patientId')),
  ),
)

/** Lists the clinic's records in the order of their making, those of one patient if `patientId` is given. */
export const listPersonInformations = (
  db: Client,
  clinicId: string,
  { patientId, ...request }: PageRequest & { patientId: number | undefined },
) =>
  patientId === undefined
    ? allOfClinic(db, request, { clinicId })
    : allOfPatient(db, request, { clinicId, patientId })

const oneOfClinic = prepared(
  new QueryBuilder().select({ json: jsonOf(answered).as('json') }).from(
    new QueryBuilder()
      .select(answered)
      .from(personInformations)
      .where(and(inClinic, eq(personInformations.id, sql.placeholder('id'))))
      .as('found'),
  ),
)

/** Finds one of the clinic's records, as JSON; another clinic's is as absent as one that never was. */
export async function findPersonInformation(db: Client, clinicId: string, id: number) {
  const [found] = await db.batch<{ json: string }>([oneOfClinic(db, { clinicId, id })])
  return found?.results[0]?.json
}

const insertOne = insertOnce(
  'person_informations',
  personInformations,
  {
    ownableType: ownables.type,
    ownableId: ownables.id,
    firstName: sql.placeholder('first_name'),
    lastName: sql.placeholder('last_name'),
    dateOfBirth: sql.placeholder('date_of_birth'),
    phone: sql.placeholder('phone'),
    email: sql.placeholder('email'),
  },
  answered,
)

/** Inserts a record of one of the clinic's ownables, once under the key. */
export const insertPersonInformation = (
  db: Client,
  given: Omit<NewPersonInformation, 'ssn'>,
  ssn: SealedSsn | null,
  key: IdempotencyKey,
) => insertOne(db, key, { type: given.ownable_type, id: given.ownable_id }, given, ssn)
