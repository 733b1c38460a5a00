import { setClinicState } from '../../../clinics/queries.ts'
import { setSuspended } from '../../../operator/tokens.ts'
import { chooseStore, type StoreOptions } from '../../store/choice.ts'
import { checkClinic } from '../../store/clinic.ts'
import { withStore } from '../../store/open.ts'
import { Failure } from '../../terminal/failure.ts'
import { print } from '../../terminal/report.ts'
import { KV_DELAY } from '../token/named-token.ts'

/** Suspends a clinic or opens it again: in D1, which its records heed at once, and in KV, which outlasts a restore. */
export async function changeState(
  id: string,
  state: 'open' | 'suspended',
  options: StoreOptions,
): Promise<void> {
  const choice = await chooseStore(options)
  await withStore(choice, async ({ db, kv, leave }) => {
    await checkClinic(db, choice, id)
    if (!(await setClinicState(db, id, state)))
      throw new Failure(`${id} is being moved, or has moved`)
    await setSuspended(kv, id, state === 'suspended')
    await leave({ action: state, resource: 'clinics', clinicId: id })
  })
  print({ json: { id, state }, lines: [`The clinic ${id} is ${state}.`, KV_DELAY] }, options)
}
