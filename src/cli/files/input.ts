import { createReadStream, type ReadStream } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { Failure } from '../terminal/failure.ts'

/** The name that means stdin, as everywhere. */
export const STDIN = '-'

/** A path as the operator typed it: npm runs scripts in the project's folder, not in the caller's. */
export const fromCaller = (path: string) => resolve(process.env.INIT_CWD ?? '.', path)

/** A file being read, and how far, 0 to 1, where that can be known. */
export type Input = { stream: Readable; share: () => number | undefined }

/** Opens a file, or stdin for `-`. Throws Failure. */
export async function openInput(file: string, signal?: AbortSignal): Promise<Input> {
  if (file === STDIN) {
    signal?.addEventListener('abort', () => process.stdin.destroy(signal.reason))
    return { stream: process.stdin, share: () => undefined }
  }
  const path = fromCaller(file)
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
