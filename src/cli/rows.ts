import { createReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { parse } from 'csv-parse'
import { Failure } from './failure.ts'
import { resolveFromCaller } from './store.ts'

/** A row of a file: the line it ends on, counted from 1, and its columns, or undefined if unreadable. */
export type Row = { line: number; columns: Record<string, unknown> | undefined }

/** Streams the rows of a file: NDJSON if its name says so, CSV with a header line otherwise. Throws Failure. */
export async function* readRows(file: string): AsyncGenerator<Row> {
  const path = resolveFromCaller(file)
  await access(path).catch(() => {
    throw new Failure(`cannot read ${file}`)
  })
  yield* /\.(ndjson|jsonl)$/i.test(file) ? ndjsonRows(path) : csvRows(path)
}

async function* ndjsonRows(path: string): AsyncGenerator<Row> {
  let line = 0
  for await (const text of createInterface({ input: createReadStream(path, 'utf8') })) {
    line++
    if (text.trim() !== '') yield { line, columns: parseObject(text.replace(/^\uFEFF/, '')) }
  }
}

async function* csvRows(path: string): AsyncGenerator<Row> {
  const parser = parse({ bom: true, columns: true, info: true, skip_empty_lines: true, trim: true })
  for await (const { record, info } of createReadStream(path).pipe(parser)) {
    yield { line: info.lines, columns: record }
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value }
      : undefined
  } catch {
    return undefined
  }
}
