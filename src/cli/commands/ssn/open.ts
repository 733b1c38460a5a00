import * as z from 'zod'
import { resources } from '../../../resources/index.ts'
import { ssnOwner } from '../../../records/given.ts'
import { keyOption, openWith, readKeys, type Keys } from '../../files/key-file.ts'
import { writeAll } from '../../files/output.ts'
import { openRows } from '../../files/rows.ts'
import { argument, offline } from '../../terminal/command.ts'
import { Failure } from '../../terminal/failure.ts'
import { outOption } from '../../terminal/options.ts'
import { counted, note } from '../../terminal/report.ts'

/** The fields of an exported line that are needed to open it. */
const exportedRecord = z.looseObject({
  table: z.enum(resources.map(({ name }) => name)),
  clinic_id: z.string(),
  uid: z.string(),
  ssn: z.object({ key_id: z.string(), sealed: z.string(), last_four: z.string() }).nullable(),
})

export const command = offline({
  example: 'ssn open people.ndjson --key ssn.key.json --out opened.ndjson',
  takes: {
    file: argument('<file>', 'the file that `export` wrote (- for stdin)'),
    key: keyOption,
    out: outOption,
  },
  async work({ file, key, out }) {
    const keys = await readKeys(key)
    const { rows } = await openRows(file, ['table'])
    let refused = 0
    async function* openedRecords() {
      for await (const { line, columns } of rows) {
        const record = await openRecord(columns, keys).catch((error: unknown) => {
          if (!(error instanceof Failure)) throw error
          note(`line ${line} refused: ${error.message}`)
        })
        if (record) yield record
        else refused++
      }
    }
    const opened = await writeAll(out, openedRecords())
    const lines = [`${counted(opened)} opened, ${counted(refused)} refused`]
    return { json: { opened, refused }, lines, failed: refused > 0 }
  },
})

/** The record with its SSN in plain text. Throws Failure. */
async function openRecord(columns: Record<string, unknown> | undefined, keys: Keys) {
  const { data: record } = exportedRecord.safeParse(columns)
  const resource = resources.find(({ name }) => name === record?.table)
  if (!record || !resource) throw new Failure('it is not a line of an export')
  if (record.ssn === null) return record

  const { key_id: keyId, sealed, last_four: lastFour } = record.ssn
  const digits = await openWith(keys, { keyId, sealed, lastFour }, ssnOwner(resource, record))
  return { ...record, ssn: `${digits.slice(0, 3)}-${digits.slice(3, 5)}-${digits.slice(5)}` }
}
