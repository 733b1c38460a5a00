import type { Command } from '@commander-js/extra-typings'
import { createClinic } from '../../../clinics/queries.ts'
import { chooseStore, onStore } from '../../environment/choice.ts'
import { withStore } from '../../environment/open.ts'
import { example, parseClinic } from '../../terminal/options.ts'
import { print } from '../../terminal/report.ts'

export const define = (command: Command) =>
  onStore(command)
    .argument('<id>', 'a name of its own, such as riverside', parseClinic)
    .addHelpText(...example('clinic create riverside --local'))
    .action(async (id, options) => {
      const choice = await chooseStore(options)
      const created = await withStore(choice, async ({ db, leave }) => {
        const isNew = await createClinic(db, id)
        if (isNew) await leave({ action: 'create', resource: 'clinics', clinicId: id })
        return isNew
      })
      const lines = [created ? `The clinic ${id} is there.` : `The clinic ${id} was there already.`]
      print({ json: { id, created }, lines }, options)
    })
