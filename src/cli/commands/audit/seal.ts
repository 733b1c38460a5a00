import type { Command } from '@commander-js/extra-typings'
import { sealTrail } from '../../../trail/seal.ts'
import { chooseStore, onStore } from '../../environment/choice.ts'
import { withStore } from '../../environment/open.ts'
import { example } from '../../terminal/options.ts'
import { counted, print } from '../../terminal/report.ts'
import { bucketOf } from './bucket.ts'

export const define = (command: Command) =>
  onStore(command)
    .addHelpText(...example('audit seal --local'))
    .action(async (options) => {
      const choice = await chooseStore(options)
      const sealed = await withStore(choice, (store) =>
        sealTrail(store.db, bucketOf(store, choice)),
      )
      const { segments, rows, aged, unfit } = sealed
      const lines = [
        `${counted(rows)} rows sealed in ${counted(segments)} segments, ${counted(aged)} left D1`,
        ...unfit.map((key) => `${key} cannot be sealed: its rows have changed, or R2 has others`),
      ]
      print({ json: sealed, lines, failed: unfit.length > 0 }, options)
    })
