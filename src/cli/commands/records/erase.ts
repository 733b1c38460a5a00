import { repairer } from '../../../operator/records/repair.ts'
import { onStore } from '../../environment/command.ts'
import { recordWords, repairRecord } from './named-record.ts'

export const command = onStore({
  example: 'records erase dependents/7 --clinic riverside --local --as jo',
  takes: recordWords,
  work: (given, store) =>
    repairRecord(given, store, {
      done: 'erased',
      wrong: 'cannot be erased: delete it first, or it was erased before',
      work: ({ resource }, repair) => repairer(resource).erase(store.db, repair),
    }),
})
