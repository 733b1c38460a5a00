import type { Command } from '@commander-js/extra-typings'
import { chooseStores } from '../environment/cell.ts'
import { building, onStore, shipping } from '../environment/choice.ts'
import { runWrangler } from '../environment/wrangler.ts'
import { Misuse } from '../terminal/failure.ts'
import { example } from '../terminal/options.ts'
import { note, print } from '../terminal/report.ts'

export const define = (command: Command) =>
  onStore(command)
    .option('--all-cells', 'every cell of the deployment, one after the other')
    .addHelpText(...example('deploy --remote --env production-eu --all-cells'))
    .action(async (options) => {
      const choices = (await chooseStores(options)).filter((choice) => choice.place === 'remote')
      const [first] = choices
      if (!first) throw new Misuse('a local store is served by `npm run dev`; this needs --remote')

      await runWrangler(building(first))
      for (const choice of choices) {
        await runWrangler(shipping(choice))
        note(`${choice.env}: deployed`)
      }
      const environments = choices.map(({ env }) => env)
      print(
        { json: { deployed: environments }, lines: [`deployed: ${environments.join(', ')}`] },
        options,
      )
    })
