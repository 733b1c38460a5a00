import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, existsSync } from 'node:fs'
import { link, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { Failure, stopAtCtrlC } from '../terminal/failure.ts'
import { reporting } from '../terminal/report.ts'
import { fromCaller } from './input.ts'

/** Where records go, one JSON object a line. */
export type Output = {
  write: (record: object) => Promise<void>
  close: () => Promise<void>
  /** Leaves nothing behind. */
  discard: () => Promise<void>
}

/**
 * Opens a new file that only its owner can read, or stdout. The file has its name once it is whole: until then, and
 * for good if the process is killed, it lies beside as `.NAME.…part`, with a random part that nobody can have put a
 * link at. Throws Failure if the file exists.
 */
export async function openOutput(file: string | undefined): Promise<Output> {
  if (file === undefined) {
    reporting.to = process.stderr
    return { ...lineWriter(process.stdout), close: async () => {}, discard: async () => {} }
  }
  const path = fromCaller(file)
  const refuse = () => {
    throw new Failure(`${file} exists: choose another name`)
  }
  if (existsSync(path)) refuse()

  const part = join(dirname(path), `.${basename(path)}.${randomUUID()}.part`)
  const stream = createWriteStream(part, { flags: 'wx', mode: 0o600 })
  await once(stream, 'open').catch((error) => fail(Object.assign(error, { path })))
  return {
    ...lineWriter(stream),
    async close() {
      await finished(stream.end())
      await link(part, path).catch((error) => (error.code === 'EEXIST' ? refuse() : fail(error)))
      await rm(part)
    },
    async discard() {
      stream.destroy()
      await rm(part, { force: true })
    },
  }
}

const fail = (error: unknown) => {
  throw error
}

/** JSON leaves U+2028 and U+2029 as they are, where other readers of lines than ours see the end of one. */
const onOneLine = (record: object) =>
  JSON.stringify(record).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')

/** A stream that fails without a listener would end the process: the failure is thrown at the next write. */
function lineWriter(stream: Writable): Pick<Output, 'write'> {
  let failure: Error | undefined
  stream.once('error', (error) => (failure = error))
  return {
    async write(record) {
      if (failure) throw failure
      if (!stream.write(`${onOneLine(record)}\n`)) await once(stream, 'drain')
    },
  }
}

/** Writes records as they come, and gives their number. Ctrl-C stops it between two. */
export async function writeAll(
  file: string | undefined,
  records: AsyncIterable<object> | Iterable<object>,
): Promise<number> {
  const signal = stopAtCtrlC()
  const output = await openOutput(file)
  let written = 0
  try {
    for await (const record of records) {
      signal.throwIfAborted()
      await output.write(record)
      written++
    }
    await output.close()
    return written
  } catch (error) {
    await output.discard()
    throw error
  }
}
