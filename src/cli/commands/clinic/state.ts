import { setClinicState } from '../../../clinics/queries.ts'
import { setSuspended } from '../../../operator/tokens.ts'
import { checkClinic } from '../../environment/clinic.ts'
import { onStore } from '../../environment/command.ts'
import { Failure } from '../../terminal/failure.ts'
import { clinicArgument } from '../../terminal/options.ts'
import { KV_DELAY } from '../token/named-token.ts'

/** Suspends or reopens a clinic: in D1, which takes effect at once, and in KV, which a restore does not undo. */
export const changeTo = (state: 'open' | 'suspended') => ({
  command: onStore({
    example: `${state === 'open' ? 'open' : 'suspend'} riverside --local`,
    takes: { id: clinicArgument },
    async work({ id }, store) {
      const { db, kv, leave } = store
      await checkClinic(store, id)
      const isChanged = await setClinicState(db, id, state)
      if (!isChanged) throw new Failure(`${id} is being moved, or has moved`)
      await setSuspended(kv, id, state === 'suspended')
      await leave({ action: state, resource: 'clinics', clinicId: id })
      return { json: { id, state }, lines: [`Clinic ${id} is ${state}.`, KV_DELAY] }
    },
  }),
})
