import type { Command } from '@commander-js/extra-typings'
import { listClinics } from '../../../clinics/queries.ts'
import { chooseStore, onStore } from '../../environment/choice.ts'
import { withStore } from '../../environment/open.ts'
import { example } from '../../terminal/options.ts'
import { print, table } from '../../terminal/report.ts'

export const define = (command: Command) =>
  onStore(command)
    .addHelpText(...example('clinic list --local'))
    .action(async (options) => {
      const choice = await chooseStore(options)
      const clinics = await withStore(choice, ({ db }) => listClinics(db))
      const rows = clinics.map(({ id, state, created_at }) => [id, state, created_at.slice(0, 10)])
      const lines =
        rows.length === 0 ? ['There are no clinics.'] : table(['id', 'state', 'created'], rows)
      print({ json: { clinics }, lines }, options)
    })
