import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { Failure } from '../terminal/failure.ts'

export const STDIN = '-'

/** Resolves a path in the operator's folder: npm runs scripts in the project's. */
export const fromCaller = (path: string) => resolve(process.env.INIT_CWD ?? '.', path)

/** Opens a file, or stdin for `-`. `share` returns the part read, 0 to 1; undefined if unknown. Throws Failure. */
export async function openInput(file: string, signal?: AbortSignal) {
  if (file === STDIN) {
    signal?.addEventListener('abort', () => process.stdin.destroy(signal.reason))
    return { stream: process.stdin, share: () => undefined }
  }
  const handle = await open(fromCaller(file))
  const found = await handle.stat()
  if (found.isDirectory()) throw new Failure(`${file} is a folder: name a file`)
  const stream = handle.createReadStream(signal ? { signal } : {})
  return { stream, share: () => (found.size === 0 ? undefined : stream.bytesRead / found.size) }
}

export const readAll = async (file: string) => await text((await openInput(file)).stream)
