import { setClinicState } from '../../../clinics/queries.ts'
import { chooseStore, type StoreOptions } from '../../store/choice.ts'
import { checkClinic } from '../../store/clinic.ts'
import { withStore } from '../../store/open.ts'
import { Failure } from '../../terminal/failure.ts'
import { print } from '../../terminal/report.ts'

/** Suspends a clinic or opens it again. Every request for its records looks at this, so it holds at once. */
export async function changeState(
  id: string,
  state: 'open' | 'suspended',
  options: StoreOptions,
): Promise<void> {
  const choice = await chooseStore(options)
  await withStore(choice, async ({ db, leave }) => {
    await checkClinic(db, choice, id)
    if (!(await setClinicState(db, id, state)))
      throw new Failure(`${id} is being moved, or has moved`)
    await leave({ action: state, resource: 'clinics', clinicId: id })
  })
  const kept = 'Its tokens still list plans, which belong to no clinic.'
  const lines = [`The clinic ${id} is ${state}.`, ...(state === 'suspended' ? [kept] : [])]
  print({ json: { id, state }, lines }, options)
}
