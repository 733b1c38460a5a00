import { listClinics } from '../../clinics/queries.ts'
import { nearest } from '../../fields/nearest.ts'
import { Failure } from '../terminal/failure.ts'
import type { Store } from './open.ts'

type Clinics = Pick<Store, 'db' | 'environment'>

/** Finds the clinic in the store: a mistyped name must not make a second one. Throws Failure. */
export async function checkClinic({ db, environment }: Clinics, id: string) {
  const clinics = await listClinics(db)
  const clinic = clinics.find((one) => one.id === id)
  if (clinic) return clinic

  const ids = clinics.map((one) => one.id)
  const meant = nearest(id, ids)
  throw new Failure(
    meant === undefined
      ? `there is no clinic ${id}: \`npm run clinic -- create ${id} ${environment.flags}\` adds it`
      : `there is no clinic ${id}; did you mean ${meant}?`,
  )
}

/** Finds the clinic, for which a token may be issued. Throws Failure. */
export async function checkIssuing(store: Clinics, id: string) {
  const { state } = await checkClinic(store, id)
  if (state === 'moved') throw new Failure(`${id} has moved: create its token there`)
  if (state !== 'suspended') return
  throw new Failure(`${id} is suspended: \`open ${id}\` first, then create its token`)
}
