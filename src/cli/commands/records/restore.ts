import { repairer } from '../../../operator/records/repair.ts'
import { onStore } from '../../environment/command.ts'
import { recordWords, repairRecord } from './named-record.ts'

export const command = onStore({
  example: 'records restore person_informations/12 --clinic riverside --local --as jo',
  takes: recordWords,
  work: (given, store) =>
    repairRecord(given, store, {
      done: 'restored',
      wrong: 'cannot be restored: it is not deleted, or it was erased',
      work: ({ resource }, repair) => repairer(resource).restore(store.db, repair),
    }),
})
