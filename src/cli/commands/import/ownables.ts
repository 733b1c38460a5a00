import * as z from 'zod'
import { recordId } from '../../../fields/number.ts'
import { ownableType } from '../../../fields/ownable-type.ts'
import { compareOwnables, insertOwnables } from '../../../operator/ownables.ts'
import { checkClinic } from '../../environment/clinic.ts'
import { onStore } from '../../environment/command.ts'
import type { Store } from '../../environment/open.ts'
import { Failure, stopAtCtrlC } from '../../terminal/failure.ts'
import { clinicOption } from '../../terminal/options.ts'
import type { Report } from '../../terminal/report.ts'
import { importRows, importWords, refuseWrites, reportOf, type ImportOptions } from './rows.ts'

/** In a CSV an id is text. */
const ownableRow = z.object({
  type: ownableType,
  id: z.preprocess(
    (value) =>
      typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value || null,
    recordId,
  ),
})

export const command = onStore({
  example: 'import ownables patients.csv --clinic riverside --local',
  takes: { ...importWords, clinic: clinicOption },
  async work({ file, ...options }, store) {
    const { id, state } = await checkClinic(store, options.clinic)
    if (state !== 'open') throw new Failure(`${id} is ${state}, so nothing can be added to it`)
    return await importOwnables(store, file, options)
  },
})

/** Registers the ownables of a clinic. */
export async function importOwnables(
  { db, leave }: Pick<Store, 'db' | 'leave'>,
  file: string,
  options: ImportOptions & { clinic: string },
): Promise<Report> {
  const imported = await importRows(file, options, stopAtCtrlC(), {
    what: 'ownables',
    required: ['type', 'id'],
    schema: () => ownableRow,
    write: async (rows) =>
      (await (options.dryRun ? compareOwnables : insertOwnables)(db, options.clinic, rows)) ??
      refuseWrites(options.clinic),
  })
  if (imported.counts.inserted > 0 && !options.dryRun) {
    await leave({ action: 'import', resource: 'ownables', clinicId: options.clinic })
  }
  return reportOf(imported, options)
}
