import { InvalidArgumentError } from 'commander'
import { setRecordLimit } from '../../../clinics/queries.ts'
import { checkClinic } from '../../environment/clinic.ts'
import { onStore } from '../../environment/command.ts'
import { required } from '../../terminal/command.ts'
import { clinicArgument } from '../../terminal/options.ts'

export const command = onStore({
  example: 'limit riverside --records 50000 --local',
  takes: {
    id: clinicArgument,
    limit: required('--records <n>', 'how many it may have at most, or none', parseLimit),
  },
  async work({ id, limit }, store) {
    await checkClinic(store, id)
    await setRecordLimit(store.db, id, limit)
    await store.leave({ action: 'limit', resource: 'clinics', clinicId: id })
    const most = limit === null ? 'any number of' : `${limit.toLocaleString('en')}`
    const line = `Clinic ${id} may have ${most} records${limit === null ? '' : ' at most'}.`
    return { json: { id, record_limit: limit }, lines: [line] }
  },
})

/** A number of records, or `none`, which is null. */
function parseLimit(value: string): number | null {
  if (value === 'none') return null
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('Use a number, or none.')
  return Number(value)
}
