import * as z from 'zod'
import { recordId } from '../../../fields/number.ts'
import { ownableType } from '../../../fields/ownable-type.ts'
import { insertOwnables } from '../../../operator/ownables.ts'
import type { Ownable } from '../../../ownables/queries.ts'
import { checkClinic, refuseWrites } from '../../environment/clinic.ts'
import { onStore } from '../../environment/command.ts'
import type { Store } from '../../environment/open.ts'
import { clinicOption } from '../../terminal/options.ts'
import { importRows, importWords, readBy, reportOf } from './rows.ts'
import type { ImportOptions } from './rows.ts'

/** In a CSV, ids are text. */
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
    await checkClinic(store, options.clinic)
    return await importOwnables(store, file, options)
  },
})

export async function importOwnables(
  { db, leave }: Pick<Store, 'db' | 'leave'>,
  file: string,
  { clinic: clinicId, ...options }: ImportOptions & { clinic: string },
) {
  const imported = await importRows<Ownable>(file, options, {
    what: 'ownables',
    required: ['type', 'id'],
    read: readBy(ownableRow),
    write: async (rows) =>
      (await insertOwnables(db, clinicId, rows, options)) ?? refuseWrites(clinicId),
  })
  if (imported.counts.inserted > 0 && !options.dryRun) {
    await leave({ action: 'import', resource: 'ownables', clinicId })
  }
  return reportOf(imported, options)
}
