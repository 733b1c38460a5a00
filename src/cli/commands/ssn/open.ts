import * as z from 'zod'
import { resources } from '../../../resources/index.ts'
import { openSsn, type SsnKeyPair } from '../../../operator/ssn.ts'
import { ssnOwner } from '../../../records/given.ts'
import { keyOption, readKeys } from '../../files/key-file.ts'
import { writeAll } from '../../files/output.ts'
import { openRows, type Row } from '../../files/rows.ts'
import { argument, offline } from '../../terminal/command.ts'
import { outOption } from '../../terminal/options.ts'
import { counted, note } from '../../terminal/report.ts'

/** A line of an export, as far as opening it needs. */
const exportedRecord = z.looseObject({
  table: z.enum(resources.map(({ name }) => name)),
  clinic_id: z.string(),
  uid: z.string(),
  ssn: z.object({ key_id: z.string(), sealed: z.string(), last_four: z.string() }).nullable(),
})

export const command = offline({
  example: 'ssn open people.ndjson --key ssn.key.json --out opened.ndjson',
  takes: {
    file: argument('<file>', 'what `export` wrote (- for stdin)'),
    key: keyOption,
    out: outOption,
  },
  async work({ file, key, out }) {
    const keys = await readKeys(key)
    const { rows } = await openRows(file, ['table'])
    let refused = 0
    async function* openedRecords(all: AsyncIterable<Row>) {
      for await (const { line, columns } of all) {
        const result = await openRecord(columns, keys)
        if ('record' in result) yield result.record
        else {
          note(`line ${line} refused: ${result.refusal}`)
          refused++
        }
      }
    }
    const opened = await writeAll(out, openedRecords(rows))
    const lines = [`${counted(opened)} opened, ${counted(refused)} refused`]
    return { json: { opened, refused }, lines, failed: refused > 0 }
  },
})

/** The record with its SSN in plain, or why it is refused. */
async function openRecord(
  columns: Record<string, unknown> | undefined,
  keys: ReadonlyMap<string, SsnKeyPair>,
): Promise<{ record: object } | { refusal: string }> {
  const { data: record } = exportedRecord.safeParse(columns)
  const resource = resources.find(({ name }) => name === record?.table)
  if (!record || !resource) return { refusal: 'it is not a line of an export' }
  const { ssn } = record
  if (ssn === null) return { record }

  const key = keys.get(ssn.key_id)
  if (key === undefined) {
    return { refusal: `it is sealed to key ${ssn.key_id}; given: ${[...keys.keys()].join(', ')}` }
  }
  try {
    const sealed = { sealed: ssn.sealed, lastFour: ssn.last_four }
    const digits = await openSsn(sealed, ssnOwner(resource, record), key.privateKey)
    const plain = `${digits.slice(0, 3)}-${digits.slice(3, 5)}-${digits.slice(5)}`
    return { record: { ...record, ssn: plain } }
  } catch {
    return { refusal: 'its SSN was altered, or sealed for another record or with another key' }
  }
}
