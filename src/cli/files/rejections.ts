import { rm } from 'node:fs/promises'
import { fromCaller } from './input.ts'
import { openOutput, type Output } from './output.ts'
import type { Row } from './rows.ts'

/** Messages by the name of a column. */
export type RowErrors = Record<string, string[] | undefined>

/** Reports show the first few; the file has them all. */
const SHOWN = 10

/** Where rejected rows go: a file that is made for the first of them, since most imports have none. */
export type Rejections = Awaited<ReturnType<typeof openRejections>>

/** Of a row its line and what is wrong are written down, and no value: columns may have shifted, and hold an SSN. */
export async function openRejections(file: string, { dryRun }: { dryRun: boolean | undefined }) {
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
    async add({ line }: Row, errors: RowErrors) {
      count++
      if (shown.length < SHOWN) shown.push(`line ${line} rejected: ${sentence(errors)}`)
      if (dryRun) return
      output ??= await openOutput(path)
      await output.write({ line, errors })
    },
    async close() {
      await output?.close()
    },
  }
}

const sentence = (errors: RowErrors) =>
  Object.entries(errors)
    .map(([field, messages]) => `${field} ${messages?.join(', ')}`)
    .join('; ')
