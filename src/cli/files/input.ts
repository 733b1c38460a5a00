import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
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
  const handle = await open(path)
  const found = await handle.stat()
  if (found.isDirectory()) throw new Failure(`${file} is a folder: name a file`)
  const { size } = found
  const stream = handle.createReadStream(signal ? { signal } : {})
  return { stream, share: () => (size === 0 ? undefined : stream.bytesRead / size) }
}

export async function readAll(file: string): Promise<string> {
  const { stream } = await openInput(file)
  return (await stream.setEncoding('utf8').toArray()).join('')
}

/** A file that can be read more than once: stdin is kept for as long as it is used, for this user alone. Throws Failure. */
export async function readTwice(file: string): Promise<{ path: string } & AsyncDisposable> {
  if (file !== STDIN) return { path: file, [Symbol.asyncDispose]: async () => {} }
  const folder = await mkdtemp(join(tmpdir(), 'clinic-stdin-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  const path = join(folder, 'stdin')
  await writeFile(path, process.stdin, { mode: 0o600 }).catch(async (error) => {
    await remove()
    throw error
  })
  return { path, [Symbol.asyncDispose]: remove }
}
