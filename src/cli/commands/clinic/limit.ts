import { setRecordLimit } from '../../../clinics/queries.ts'
import { checkClinic } from '../../environment/clinic.ts'
import { onStore } from '../../environment/command.ts'
import { required } from '../../terminal/command.ts'
import { clinicArgument, wholeNumber } from '../../terminal/options.ts'
import { counted } from '../../terminal/report.ts'

/** A number of records, or `none`; in an object, since Commander treats null as a missing value. */
const parseLimit = (value: string) => ({
  limit: value === 'none' ? null : wholeNumber(0, 999_999_999)(value),
})

export const command = onStore({
  example: 'limit riverside --records 50000 --local',
  takes: {
    id: clinicArgument,
    records: required('--records <n>', 'the most that it may have, or none', parseLimit),
  },
  async work({ id, records: { limit } }, store) {
    await checkClinic(store, id)
    await setRecordLimit(store.db, id, limit)
    await store.leave({ action: 'limit', resource: 'clinics', clinicId: id })
    const most = limit === null ? 'any number of records' : `${counted(limit)} records at most`
    return { json: { id, record_limit: limit }, lines: [`Clinic ${id} may have ${most}.`] }
  },
})
