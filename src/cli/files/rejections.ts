import { open, rm, type FileHandle } from 'node:fs/promises'
import type { FieldErrors } from '../../http/errors.ts'
import { fromCaller } from './input.ts'
import { lineOf } from './output.ts'

/** Reports show the first few; the file has them all. */
const SHOWN = 10

/** Where rejected rows go: a file that is made for the first of them, since most imports have none. */
export async function openRejections(file: string, dryRun: boolean | undefined) {
  const path = fromCaller(file)
  if (!dryRun) await rm(path, { force: true })
  let handle: FileHandle | undefined
  return {
    path,
    count: 0,
    shown: new Array<string>(),
    /** Writes a row's line and what is wrong with it, but no value: columns may have shifted, and hold an SSN. */
    async add(line: number, errors: FieldErrors) {
      this.count++
      const wrong = Object.entries(errors).map(
        ([name, messages]) => `${name} ${messages.join(', ')}`,
      )
      if (this.shown.length < SHOWN) this.shown.push(`line ${line} rejected: ${wrong.join('; ')}`)
      if (dryRun) return
      handle ??= await open(path, 'wx', 0o600)
      await handle.write(lineOf({ line, errors }))
    },
    close: async () => await handle?.close(),
  }
}
