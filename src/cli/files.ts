import { createReadStream, createWriteStream, type ReadStream } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { Failure } from './failure.ts'
import { resolveFromCaller } from './store.ts'

/** The name that means stdin, as everywhere. */
export const STDIN = '-'

/** A file being read, and how far, 0 to 1, as far as that can be known. */
export type Input = { stream: Readable; share: () => number | undefined }

/** Opens a file, or stdin for `-`. Throws Failure. */
export async function openInput(file: string, signal?: AbortSignal): Promise<Input> {
  if (file === STDIN) {
    signal?.addEventListener('abort', () => process.stdin.destroy(signal.reason))
    return { stream: process.stdin, share: () => undefined }
  }
  const path = resolveFromCaller(file)
  await access(path).catch(() => {
    throw new Failure(`cannot read ${file}`)
  })
  const { size } = await stat(path)
  const stream: ReadStream = createReadStream(path, signal ? { signal } : {})
  return { stream, share: () => (size === 0 ? undefined : stream.bytesRead / size) }
}

export async function readAll(file: string): Promise<string> {
  const { stream } = await openInput(file)
  return (await stream.setEncoding('utf8').toArray()).join('')
}

/** Where records go: one JSON object a line, to a file that its owner alone may read, or to stdout. */
export type Output = { write: (record: object) => Promise<void>; close: () => Promise<void> }

/** Opens the output; never over an existing file. Throws Failure. */
export async function openOutput(file: string | undefined): Promise<Output> {
  if (file === undefined) return { ...lineWriter(process.stdout), close: async () => {} }

  const stream = createWriteStream(resolveFromCaller(file), { flags: 'wx', mode: 0o600 })
  await once(stream, 'open').catch(() => {
    throw new Failure(`cannot write ${file}: it exists, or its folder does not`)
  })
  return {
    ...lineWriter(stream),
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  }
}

function lineWriter(stream: Writable): Pick<Output, 'write'> {
  return {
    async write(record) {
      if (!stream.write(`${JSON.stringify(record)}\n`)) await once(stream, 'drain')
    },
  }
}
