import type { Command } from '@commander-js/extra-typings'
import { repairer } from '../../../operator/records/repair.ts'
import { example } from '../../terminal/options.ts'
import { onRecord, withRecord } from './named-record.ts'

export const define = (command: Command) =>
  onRecord(command)
    .addHelpText(
      ...example('records restore person_informations/12 --clinic riverside --local --as jo'),
    )
    .action((record, options) =>
      withRecord(
        record,
        options,
        { done: 'restored', wrong: 'cannot be restored: it is not deleted, or it was erased' },
        ({ db }, repair) => repairer(record.resource).restore(db, repair),
      ),
    )
