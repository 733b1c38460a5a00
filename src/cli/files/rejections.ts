import { open, rm, type FileHandle } from 'node:fs/promises'
import type { FieldErrors } from '../../http/errors.ts'
import { fromCaller } from './input.ts'
import { lineOf } from './output.ts'

/** How many rejected rows a report shows; the file has them all. */
const SHOWN = 10

/** Writes rejected rows to a file. The first one creates it, since most imports have none. */
export async function openRejections(file: string, dryRun: boolean | undefined) {
  const path = fromCaller(file)
  if (!dryRun) await rm(path, { force: true })
  let handle: FileHandle | undefined
  return {
    path,
    count: 0,
    shown: new Array<string>(),
    /** Writes a row's line number and errors, but no values: columns may have shifted, so any may hold an SSN. */
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
    [Symbol.asyncDispose]: async () => await handle?.close(),
  }
}
