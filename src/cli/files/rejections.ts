import { rm } from 'node:fs/promises'
import { fromCaller } from './input.ts'
import { openOutput, type Output } from './output.ts'
import type { Row } from './rows.ts'

/** Messages by the name of a column. */
export type FieldErrors = Record<string, string[] | undefined>

/** Reports show the first few; the file has them all. */
const SHOWN = 10

/** Where rejected rows go: a file that is made for the first of them, since most imports have none. */
export type Rejections = Awaited<ReturnType<typeof openRejections>>

/** Of a row, only the columns named are written down, if any are: the file may be the wrong one, and about people. */
export async function openRejections(
  file: string,
  names: readonly string[] | undefined,
  { dryRun }: { dryRun: boolean | undefined },
) {
  const path = fromCaller(file)
  if (!dryRun) await rm(path, { force: true })
  let output: Output | undefined
  const shown: string[] = []
  let count = 0
  return {
    file: path,
    shown,
    get count() {
      return count
    },
    async add({ line, columns }: Row, errors: FieldErrors) {
      count++
      if (shown.length < SHOWN) shown.push(`line ${line} rejected: ${sentence(errors)}`)
      if (dryRun) return
      output ??= await openOutput(path)
      const named = names?.map((name) => [name, withoutSsn(columns?.[name])])
      const row = named ? Object.fromEntries(named) : columns
      await output.write({ line, errors, row })
    },
    async close() {
      await output?.close()
    },
  }
}

/** Where columns have shifted, an SSN may stand anywhere. */
const withoutSsn = (value: unknown) =>
  typeof value === 'string'
    ? value.replace(/\b\d{3}-\d{2}-\d{4}\b|\b\d{9}\b/g, '(like an SSN)')
    : value

const sentence = (errors: FieldErrors) =>
  Object.entries(errors)
    .map(([field, messages]) => `${field} ${messages?.join(', ')}`)
    .join('; ')
