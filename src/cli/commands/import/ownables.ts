import type { Command } from '@commander-js/extra-typings'
import * as z from 'zod'
import type { Session } from '../../../db/session.ts'
import { recordId } from '../../../fields/number.ts'
import { ownableType } from '../../../fields/ownable-type.ts'
import { compareOwnables, registerOwnables } from '../../../ownables/queries.ts'
import { chooseStore } from '../../store/choice.ts'
import { withStore } from '../../store/open.ts'
import { stopAtCtrlC } from '../../terminal/failure.ts'
import { example, parseClinic } from '../../terminal/options.ts'
import { print, type Report } from '../../terminal/report.ts'
import { importRows, onImport, reportOf, type ImportOptions } from './rows.ts'

/** In a CSV an id is text. */
const ownableRow = z.object({
  type: ownableType,
  id: z.preprocess(
    (value) =>
      typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value || null,
    recordId,
  ),
})

export const define = (command: Command) =>
  onImport(command)
    .requiredOption('--clinic <id>', 'the clinic whose ownables they are', parseClinic)
    .addHelpText(...example('import ownables patients.csv --clinic riverside --local'))
    .action(async (file, options) => {
      const choice = await chooseStore(options)
      print(await withStore(choice, ({ db }) => importOwnables(db, file, options)), options)
    })

/** Registers the ownables of a clinic. */
export async function importOwnables(
  db: Session,
  file: string,
  options: ImportOptions & { clinic: string },
): Promise<Report> {
  const imported = await importRows(file, options, stopAtCtrlC(), {
    what: 'ownables',
    columns: ['type', 'id'],
    schema: () => ownableRow,
    write: (rows) =>
      (options.dryRun ? compareOwnables : registerOwnables)(db, options.clinic, rows),
  })
  return reportOf(imported, options)
}
