import { and, asc, eq, sql } from 'drizzle-orm'
import { appendCreation } from '../audit/queries.ts'
import type { Database } from '../db/client.ts'
import { cutByOffset, cutByPosition, nextPosition, type PageRequest } from '../db/paging.ts'
import { ownables, personInformations } from '../db/tables.ts'
import { PATIENT } from '../fields/ownable-type.ts'
import { insertOnce, isUnused, recordUnder, type IdempotencyKey } from '../idempotency/queries.ts'
import { isOwnable } from '../ownables/queries.ts'
import { maskedSsn, sealedSsn } from '../ssn/columns.ts'
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

/** Lists the clinic's records in the order of their making, those of one patient if `patientId` is given. */
export async function listPersonInformations(
  db: Database,
  clinicId: string,
  { patientId, ...request }: PageRequest & { patientId: number | undefined },
) {
  const cut =
    patientId === undefined
      ? cutByPosition(
          personInformations.position,
          eq(personInformations.clinicId, clinicId),
          request,
        )
      : cutByOffset(personInformations.id, ofPatient(clinicId, patientId), request)

  const [rows, [counted]] = await db.batch([
    db
      .select(answered)
      .from(personInformations)
      .where(cut.where)
      .orderBy(asc(cut.order))
      .limit(cut.limit)
      .offset(cut.offset),
    db.select({ total: cut.total }).from(personInformations).where(cut.counted),
  ])
  return { ...request, rows, totalCount: counted?.total ?? 0 }
}

/** Finds one of the clinic's records; another clinic's is as absent as one that never was. */
export async function findPersonInformation(db: Database, clinicId: string, id: number) {
  const [[found]] = await db.batch([
    db
      .select(answered)
      .from(personInformations)
      .where(and(eq(personInformations.clinicId, clinicId), eq(personInformations.id, id))),
  ])
  return found
}

/** Inserts a record of one of the clinic's ownables, once under one key, and its audit event with it. */
export async function insertPersonInformation(
  db: Database,
  given: Omit<NewPersonInformation, 'ssn'>,
  sealed: SealedSsn | null,
  key: IdempotencyKey,
) {
  const { clinicId } = key
  const now = new Date().toISOString()
  return await insertOnce(db, key, now, {
    insert: db.insert(personInformations).select((query) =>
      query
        .select({
          id: sql`NULL`.as('id'),
          clinicId: ownables.clinicId,
          position: nextPosition(personInformations, clinicId).as('position'),
          ownableType: ownables.type,
          ownableId: ownables.id,
          firstName: sql`${given.first_name}`.as('first_name'),
          lastName: sql`${given.last_name}`.as('last_name'),
          dateOfBirth: sql`${given.date_of_birth}`.as('date_of_birth'),
          ...sealedSsn(sealed),
          phone: sql`${given.phone}`.as('phone'),
          email: sql`${given.email}`.as('email'),
          createdAt: sql`${now}`.as('created_at'),
          updatedAt: sql`${now}`.as('updated_at'),
        })
        .from(ownables)
        .where(
          and(
            isOwnable(clinicId, { type: given.ownable_type, id: given.ownable_id }),
            isUnused(key),
          ),
        ),
    ),
    select: db
      .select(answered)
      .from(personInformations)
      .where(
        and(eq(personInformations.clinicId, clinicId), eq(personInformations.id, recordUnder(key))),
      ),
    event: appendCreation(db, 'person_informations', key, now),
  })
}

const ofPatient = (clinicId: string, patientId: number) =>
  and(
    eq(personInformations.clinicId, clinicId),
    eq(personInformations.ownableType, PATIENT),
    eq(personInformations.ownableId, patientId),
  )
