import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { Failure, stopAtCtrlC } from '../terminal/failure.ts'
import { fromCaller } from './input.ts'

/** Where records go, one JSON object a line. */
export type Output = { write: (record: object) => Promise<void>; close: () => Promise<void> }

/** Opens a new file that only its owner can read, or stdout. Throws Failure if the file exists. */
export async function openOutput(file: string | undefined): Promise<Output> {
  if (file === undefined) return { ...lineWriter(process.stdout), close: async () => {} }

  const stream = createWriteStream(fromCaller(file), { flags: 'wx', mode: 0o600 })
  await once(stream, 'open').catch(() => {
    throw new Failure(`cannot write ${file}: it exists, or its folder does not`)
  })
  return { ...lineWriter(stream), close: () => finished(stream.end()) }
}

function lineWriter(stream: Writable): Pick<Output, 'write'> {
  return {
    async write(record) {
      if (!stream.write(`${JSON.stringify(record)}\n`)) await once(stream, 'drain')
    },
  }
}

/** Writes page after page until one is empty, and gives the number of lines. Ctrl-C stops it between two pages. */
export async function writePages(
  file: string | undefined,
  list: (after: number) => Promise<{ line: object; after: number }[]>,
): Promise<number> {
  const signal = stopAtCtrlC()
  const output = await openOutput(file)
  let written = 0
  try {
    for (let after = 0; ;) {
      signal.throwIfAborted()
      const page = await list(after)
      for (const { line } of page) await output.write(line)
      written += page.length
      const last = page.at(-1)
      if (last === undefined) return written
      after = last.after
    }
  } finally {
    await output.close()
  }
}
