import { clinicId } from '../fields/clinic-id.ts'
import { Misuse, stopAtCtrlC } from './failure.ts'
import { openOutput } from './files.ts'
import { withStore } from './open-store.ts'
import { counted, type Report } from './output.ts'
import { listRecords, tableNamed } from './records.ts'
import type { StoreChoice } from './store.ts'

const BATCH_ROWS = 500

/** Writes a clinic's records, one JSON object a line, with their SSNs sealed as they are stored. */
export async function exportRecords(
  name: string,
  options: StoreChoice & { clinic: string; out?: string },
): Promise<Report> {
  const table = tableNamed(name)
  const clinic = clinicId.safeParse(options.clinic)
  if (!clinic.success) throw new Misuse(`--clinic: ${clinic.error.issues[0]?.message}`)

  return await withStore(options, async ({ db }) => {
    const signal = stopAtCtrlC()
    const output = await openOutput(options.out)
    let exported = 0
    try {
      for (let after = 0; ;) {
        signal.throwIfAborted()
        const page = await listRecords(db, table, clinic.data, after, BATCH_ROWS)
        for (const { record } of page) await output.write(record)
        exported += page.length
        const last = page.at(-1)
        if (last === undefined) break
        after = last.position
      }
    } finally {
      await output.close()
    }
    return {
      json: { exported },
      lines: [`${counted(exported)} ${table} of ${clinic.data} exported`],
    }
  })
}
