import { listClinics } from '../../clinics/queries.ts'
import { nearest } from '../../fields/nearest.ts'
import { Failure } from '../terminal/failure.ts'
import type { Store } from './open.ts'

type Clinics = Pick<Store, 'db' | 'environment'>

/** Finds the clinic, so that a mistyped id does not create a second one. Throws Failure. */
export async function checkClinic({ db, environment }: Clinics, id: string) {
  const clinics = await listClinics(db)
  const clinic = clinics.find((one) => one.id === id)
  if (clinic) return clinic

  const ids = clinics.map((one) => one.id)
  const similar = nearest(id, ids)
  if (similar) throw new Failure(`there is no clinic ${id}; did you mean ${similar}?`)
  const create = `npm run clinic -- create ${id} ${environment.flags}`
  throw new Failure(`there is no clinic ${id}: \`${create}\` adds it`)
}

/** Throws Failure: nothing was written, because the clinic is not open. */
export function refuseWrites(clinicId: string): never {
  throw new Failure(`${clinicId} takes no writes now: see \`list\``)
}

/** Checks that a token may be issued to the clinic. Throws Failure. */
export async function checkIssuing(store: Clinics, id: string) {
  const { state } = await checkClinic(store, id)
  if (state === 'moved') throw new Failure(`${id} has moved: create its token there`)
  if (state !== 'suspended') return
  throw new Failure(`${id} is suspended: \`open ${id}\` first, then create its token`)
}
