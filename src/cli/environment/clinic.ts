import { listClinics, type Clinic } from '../../clinics/queries.ts'
import type { Session } from '../../storage/session.ts'
import { nearest } from '../../fields/nearest.ts'
import { Failure } from '../terminal/failure.ts'
import type { StoreChoice } from './choice.ts'

/** Finds the clinic in the store: a mistyped name must not make a second one. Throws Failure. */
export async function checkClinic(db: Session, choice: StoreChoice, id: string): Promise<Clinic> {
  const clinics = await listClinics(db)
  const clinic = clinics.find((one) => one.id === id)
  if (clinic) return clinic

  const ids = clinics.map((one) => one.id)

  const meant = nearest(id, ids)
  throw new Failure(
    meant === undefined
      ? `there is no clinic ${id}: \`npm run clinic -- clinic create ${id} ${choice.flags}\` adds it`
      : `there is no clinic ${id}; did you mean ${meant}?`,
  )
}
