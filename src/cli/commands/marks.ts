import type { Command } from '@commander-js/extra-typings'
import { kinds } from '../../kinds.ts'
import { listMarks } from '../../operator/marks.ts'
import { writeAll } from '../files/output.ts'
import { chooseStore, onStore } from '../environment/choice.ts'
import { withStore } from '../environment/open.ts'
import { example } from '../terminal/options.ts'
import { counted, print } from '../terminal/report.ts'

export const define = (command: Command) =>
  onStore(command)
    .option('--out <file>', 'a new file that only you can read (default: stdout)')
    .addHelpText(...example('marks --remote --env production --out marks.ndjson'))
    .action(async ({ out, ...options }) => {
      const choice = await chooseStore(options)
      const marks = await withStore(choice, ({ db }) => listMarks(db, kinds))
      await writeAll(out, marks)
      const lines = [`marked: ${counted(marks.length)} clinics`]
      print(
        { json: { clinics: marks.length }, lines },
        options,
        out ? process.stdout : process.stderr,
      )
    })
