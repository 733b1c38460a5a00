import { open, rm, type FileHandle } from 'node:fs/promises'
import type { FieldErrors } from '../../http/errors.ts'
import { fromCaller } from './input.ts'
import { lineOf } from './output.ts'
import type { Row } from './rows.ts'

/** Reports show the first few; the file has them all. */
const SHOWN = 10

/** Where rejected rows go: a file that is made for the first of them, since most imports have none. */
export type Rejections = Awaited<ReturnType<typeof openRejections>>

/** Writes a row's line and what is wrong with it, but no value: columns may have shifted, and hold an SSN. */
export async function openRejections(file: string, { dryRun }: { dryRun: boolean | undefined }) {
  const path = fromCaller(file)
  if (!dryRun) await rm(path, { force: true })
  let handle: FileHandle | undefined
  const shown: string[] = []
  let count = 0
  return {
    file: path,
    shown,
    get count() {
      return count
    },
    async add({ line }: Row, errors: FieldErrors) {
      count++
      if (shown.length < SHOWN) shown.push(`line ${line} rejected: ${sentence(errors)}`)
      if (dryRun) return
      handle ??= await open(path, 'wx', 0o600)
      await handle.write(lineOf({ line, errors }))
    },
    close: async () => await handle?.close(),
  }
}

const sentence = (errors: FieldErrors) =>
  Object.entries(errors)
    .map(([field, messages]) => `${field} ${messages.join(', ')}`)
    .join('; ')
