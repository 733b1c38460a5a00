import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { Failure } from '../terminal/failure.ts'
import { fromCaller } from './input.ts'
import type { Row } from './rows.ts'

/** Messages by the name of a column. */
export type FieldErrors = Record<string, string[] | undefined>

/** Reports show the first few; the file has them all. */
const SHOWN = 10

/** Where rejected rows go: a file that is made for the first of them, since most imports have none. */
export type Rejections = Awaited<ReturnType<typeof openRejections>>

/** Of a row, only the columns named are written down: the file may be the wrong one, and about people. */
export async function openRejections(
  file: string,
  names: readonly string[],
  { dryRun }: { dryRun: boolean | undefined },
) {
  const path = fromCaller(file)
  if (!dryRun) await rm(path, { force: true })
  let stream: WriteStream | undefined
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
      stream ??= await openedFor(path)
      const row = Object.fromEntries(names.map((name) => [name, columns?.[name]]))
      const written = stream.write(`${JSON.stringify({ line, errors, row })}\n`)
      if (!written) await once(stream, 'drain')
    },
    async close() {
      if (stream) await finished(stream.end())
    },
  }
}

async function openedFor(path: string): Promise<WriteStream> {
  const stream = createWriteStream(path, { mode: 0o600 })
  await once(stream, 'open').catch(() => {
    throw new Failure(`cannot write ${path}: choose another file with --rejected`)
  })
  return stream
}

const sentence = (errors: FieldErrors) =>
  Object.entries(errors)
    .map(([field, messages]) => `${field} ${messages?.join(', ')}`)
    .join('; ')
