import { repairer } from '../../../operator/records/repair.ts'
import { onStore } from '../../environment/command.ts'
import { recordWords, repairRecord } from './named-record.ts'

const WRONG = {
  restore: 'cannot be restored: it is not deleted, or it was erased',
  erase: 'cannot be erased: delete it first, or it was erased before',
}

export const repair = (verb: 'restore' | 'erase') => ({
  command: onStore({
    example: `records ${verb} dependents/7 --clinic riverside --local --as jo`,
    takes: recordWords,
    work: (given, store) =>
      repairRecord(given, store, `${verb}d`, WRONG[verb], (target) =>
        repairer(given.record.resource)[verb](store.db, target),
      ),
  }),
})
