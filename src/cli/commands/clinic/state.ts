import { setClinicState } from '../../../clinics/queries.ts'
import { setSuspended } from '../../../operator/tokens.ts'
import { chooseStore, type StoreOptions } from '../../environment/choice.ts'
import { checkClinic } from '../../environment/clinic.ts'
import { withStore } from '../../environment/open.ts'
import { Failure } from '../../terminal/failure.ts'
import { print } from '../../terminal/report.ts'
import { KV_DELAY } from '../token/named-token.ts'

/** Suspends a clinic or opens it again: its writes, which heed D1 at once, and its tokens, which heed KV. */
export async function changeState(
  id: string,
  state: 'open' | 'suspended',
  options: StoreOptions,
): Promise<void> {
  const choice = await chooseStore(options)
  const tokens = await withStore(choice, async ({ db, kv, leave }) => {
    await checkClinic(db, choice, id)
    if (!(await setClinicState(db, id, state)))
      throw new Failure(`${id} is being moved, or has moved`)
    const changed = await setSuspended(kv, id, state === 'suspended')
    await leave({ action: state, resource: 'clinics', clinicId: id })
    return changed
  })
  const lines = [`The clinic ${id} is ${state}, and so are its tokens: ${tokens}.`, KV_DELAY]
  print({ json: { id, state, tokens }, lines }, options)
}
