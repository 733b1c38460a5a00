import { and, asc, eq, sql } from 'drizzle-orm'
import { appendCreation } from '../audit/queries.ts'
import type { Database } from '../db/client.ts'
import { cutByOffset, cutByPosition, nextPosition, type PageRequest } from '../db/paging.ts'
import { dependents, ownables } from '../db/tables.ts'
import { PATIENT } from '../fields/ownable-type.ts'
import { insertOnce, isUnused, recordUnder, type IdempotencyKey } from '../idempotency/queries.ts'
import { isOwnable } from '../ownables/queries.ts'
import { maskedSsn, sealedSsn } from '../ssn/columns.ts'
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

/** Lists the clinic's dependents in the order of their making, those of one holder if it is given. */
export async function listDependents(
  db: Database,
  clinicId: string,
  { primaryHolderId, ...request }: PageRequest & { primaryHolderId: number | undefined },
) {
  const cut =
    primaryHolderId === undefined
      ? cutByPosition(dependents.position, eq(dependents.clinicId, clinicId), request)
      : cutByOffset(dependents.id, ofPrimaryHolder(clinicId, primaryHolderId), request)

  const [rows, [counted]] = await db.batch([
    db
      .select(answered)
      .from(dependents)
      .where(cut.where)
      .orderBy(asc(cut.order))
      .limit(cut.limit)
      .offset(cut.offset),
    db.select({ total: cut.total }).from(dependents).where(cut.counted),
  ])
  return { ...request, rows, totalCount: counted?.total ?? 0 }
}

/** Inserts a dependent of one of the clinic's patients, once under one key, and its audit event with it. */
export async function insertDependent(
  db: Database,
  given: Omit<NewDependent, 'ssn'>,
  sealed: SealedSsn | null,
  key: IdempotencyKey,
) {
  const { clinicId } = key
  const now = new Date().toISOString()
  return await insertOnce(db, key, now, {
    insert: db.insert(dependents).select((query) =>
      query
        .select({
          id: sql`NULL`.as('id'),
          clinicId: ownables.clinicId,
          position: nextPosition(dependents, clinicId).as('position'),
          primaryHolderType: ownables.type,
          primaryHolderId: ownables.id,
          firstName: sql`${given.first_name}`.as('first_name'),
          lastName: sql`${given.last_name}`.as('last_name'),
          dateOfBirth: sql`${given.date_of_birth}`.as('date_of_birth'),
          relationship: sql`${given.relationship}`.as('relationship'),
          ...sealedSsn(sealed),
          createdAt: sql`${now}`.as('created_at'),
          updatedAt: sql`${now}`.as('updated_at'),
        })
        .from(ownables)
        .where(
          and(isOwnable(clinicId, { type: PATIENT, id: given.primary_holder_id }), isUnused(key)),
        ),
    ),
    select: db
      .select(answered)
      .from(dependents)
      .where(and(eq(dependents.clinicId, clinicId), eq(dependents.id, recordUnder(key)))),
    event: appendCreation(db, 'dependents', key, now),
  })
}

const ofPrimaryHolder = (clinicId: string, primaryHolderId: number) =>
  and(
    eq(dependents.clinicId, clinicId),
    eq(dependents.primaryHolderType, PATIENT),
    eq(dependents.primaryHolderId, primaryHolderId),
  )
