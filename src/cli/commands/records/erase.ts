import type { Command } from '@commander-js/extra-typings'
import { repairer } from '../../../operator/records/repair.ts'
import { example } from '../../terminal/options.ts'
import { onRecord, withRecord } from './named-record.ts'

export const define = (command: Command) =>
  onRecord(command)
    .addHelpText(...example('records erase dependents/7 --clinic riverside --local --as jo'))
    .action((record, options) =>
      withRecord(
        record,
        options,
        { done: 'erased', wrong: 'cannot be erased: delete it first, or it was erased before' },
        ({ db }, repair) => repairer(record.resource).erase(db, repair),
      ),
    )
