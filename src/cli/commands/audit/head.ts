import type { Command } from '@commander-js/extra-typings'
import { listHeads } from '../../../operator/trail/verify.ts'
import { writeAll } from '../../files/output.ts'
import { chooseStore, onStore } from '../../environment/choice.ts'
import { withStore } from '../../environment/open.ts'
import { example } from '../../terminal/options.ts'
import { counted, print } from '../../terminal/report.ts'

export const define = (command: Command) =>
  onStore(command)
    .option('--out <file>', 'a new file that only you can read (default: stdout)')
    .addHelpText(...example('audit head --remote --env production --out head.ndjson'))
    .action(async ({ out, ...options }) => {
      const choice = await chooseStore(options)
      const heads = await withStore(choice, ({ db }) => listHeads(db))
      await writeAll(out, heads)
      const lines = [`${counted(heads.length)} heads: keep them where no administrator can write`]
      print(
        { json: { heads: heads.length }, lines },
        options,
        out ? process.stdout : process.stderr,
      )
    })
