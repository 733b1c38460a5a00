import { randomUUID } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { link, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Failure, stopAtCtrlC } from '../terminal/failure.ts'
import { reporting } from '../terminal/report.ts'
import { fromCaller } from './input.ts'

/**
 * Writes records as they come, one JSON object a line, to stdout or to a new file that only its owner can read. Returns
 * their number. Until the file is complete, it is called `.NAME.….part`, and it keeps that name if the process is
 * killed. The name has a random part, so that nobody can place a link there. Throws Failure if the file exists.
 */
export async function writeAll(
  file: string | undefined,
  records: AsyncIterable<object> | Iterable<object>,
): Promise<number> {
  const signal = stopAtCtrlC()
  let written = 0
  async function* lines() {
    for await (const record of records) {
      signal.throwIfAborted()
      yield lineOf(record)
      written++
    }
  }
  if (file === undefined) {
    reporting.to = process.stderr
    await pipeline(lines, process.stdout, { end: false })
    return written
  }
  const path = fromCaller(file)
  const taken = new Failure(`${file} exists: choose another name`)
  if (existsSync(path)) throw taken
  const part = join(dirname(path), `.${basename(path)}.${randomUUID()}.part`)
  try {
    await pipeline(lines, createWriteStream(part, { flags: 'wx', mode: 0o600 }))
    await link(part, path)
  } catch (error) {
    throw error instanceof Error && 'code' in error && error.code === 'EEXIST' ? taken : error
  } finally {
    await rm(part, { force: true })
  }
  return written
}

/** A record as a line of JSON. U+2028 and U+2029 are escaped, since some readers end a line there. */
export const lineOf = (record: object) =>
  `${JSON.stringify(record).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}\n`
