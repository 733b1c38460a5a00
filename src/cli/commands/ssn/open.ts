import type { Command } from '@commander-js/extra-typings'
import * as z from 'zod'
import { resources } from '../../../resources/index.ts'
import { ssnOwner } from '../../../records/given.ts'
import { openSsn, type SsnKeyPair } from '../../../operator/ssn.ts'
import { keyOption, readKeys } from '../../files/key-file.ts'
import { openOutput } from '../../files/output.ts'
import { openRows } from '../../files/rows.ts'
import { stopAtCtrlC } from '../../terminal/failure.ts'
import { example } from '../../terminal/options.ts'
import { counted, note, print } from '../../terminal/report.ts'

/** A line of an export, as far as opening it needs. */
const exportedRecord = z.looseObject({
  table: z.enum(resources.map(({ name }) => name)),
  clinic_id: z.string(),
  uid: z.string(),
  ssn: z.object({ key_id: z.string(), sealed: z.string(), last_four: z.string() }).nullable(),
})

export const define = (command: Command) =>
  command
    .argument('<file>', 'what `export` wrote (- for stdin)')
    .addOption(keyOption())
    .option('--out <file>', 'a new file that only you can read (default: stdout)')
    .option('--json', 'print the counts as one JSON object')
    .addHelpText(...example('ssn open people.ndjson --key ssn.key.json --out opened.ndjson'))
    .action(async (file, { key, out, ...options }) => {
      const keys = await readKeys(key)
      const { rows } = await openRows(file, ['table'], stopAtCtrlC())
      const output = await openOutput(out)
      let opened = 0
      let refused = 0
      try {
        for await (const { line, columns } of rows) {
          const result = await openRecord(columns, keys)
          if ('refusal' in result) {
            note(`line ${line} refused: ${result.refusal}`)
            refused++
          } else {
            await output.write(result.record)
            opened++
          }
        }
        await output.close()
      } catch (error) {
        await output.discard()
        throw error
      }
      const lines = [`${counted(opened)} opened, ${counted(refused)} refused`]
      const report = { json: { opened, refused }, lines, failed: refused > 0 }
      print(report, options, out ? process.stdout : process.stderr)
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
