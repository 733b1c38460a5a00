import { pipeline, Readable } from 'node:stream'
import { parse } from 'csv-parse'
import type * as z from 'zod'
import { Failure, stopAtCtrlC } from '../terminal/failure.ts'
import { faultOfJson } from '../../http/json-text.ts'
import { decoded } from './decoded.ts'
import { openInput, STDIN } from './input.ts'

/** A row of a file: the line that it ends on, counted from 1, and its columns or, if it cannot be read, why not. */
export type Row = { line: number } & (
  { columns: Record<string, unknown>; fault?: undefined } | { columns?: undefined; fault: string }
)

export type Format = 'csv' | 'ndjson'

/** The rows of a file, and how far it has been read, 0 to 1, where that can be known. */
export type Rows = { format: Format; rows: AsyncIterable<Row>; share: () => number | undefined }

/** In bytes; no record is larger. A quote that is never closed would otherwise swallow the rest of the file. */
const MAX_RECORD = 1_000_000

/** Streams the rows of a file, or of stdin for `-`. A CSV must have the columns named. Throws Failure. */
export async function openRows(
  file: string,
  required: readonly string[],
  signal: AbortSignal,
): Promise<Rows> {
  const { stream, share } = await openInput(file, signal)
  const chunks = decoded(stream, file === STDIN ? 'this' : file)
  const { value: first = '' }: IteratorResult<string, undefined> = await chunks.next()
  const format = formatByName(file) ?? formatByContent(first, file)
  const text = Readable.from(concatenated(first, chunks))
  const rows = format === 'csv' ? csvRows(text, file, required) : ndjsonRows(text, file)
  return { format, rows, share }
}

/** Reads all rows of a small file that `command` wrote. Throws Failure. */
export async function readWritten<Value>(
  file: string,
  schema: z.ZodType<Value>,
  command: string,
): Promise<Value[]> {
  const { rows } = await openRows(file, ['clinic_id'], stopAtCtrlC())
  const values: Value[] = []
  for await (const { line, columns } of rows) {
    const { success, data } = schema.safeParse(columns)
    if (!success) throw new Failure(`line ${line} of ${file} is none that \`${command}\` writes`)
    values.push(data)
  }
  return values
}

async function* concatenated(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first
  yield* rest
}

const formatByName = (file: string): Format | undefined =>
  /\.(ndjson|jsonl)$/i.test(file) ? 'ndjson' : /\.csv$/i.test(file) ? 'csv' : undefined

/** NDJSON begins with an object or is empty; anything else is the header of a CSV. */
function formatByContent(text: string, file: string): Format {
  const [first] = text.replace(/^\uFEFF/, '').trimStart()
  if (first === '[') {
    const named = file === STDIN ? 'this' : file
    throw new Failure(
      `${named} is one JSON array: make each element a line, as \`jq -c '.[]'\` does`,
    )
  }
  return first === '{' || first === undefined ? 'ndjson' : 'csv'
}

async function* ndjsonRows(stream: Readable, file: string): AsyncGenerator<Row> {
  let line = 0
  for await (const text of linesOf(stream, file)) {
    line++
    if (text.trim() !== '') yield { line, ...parseObject(text.replace(/^\uFEFF/, '')) }
  }
}

/** Lines end at `\n` alone: `readline` ends one at U+2028 too, which a name may hold. */
async function* linesOf(chunks: AsyncIterable<string>, file: string): AsyncGenerator<string> {
  let held = ''
  for await (const chunk of chunks) {
    const lines = (held + chunk).split('\n')
    held = lines.pop() ?? ''
    yield* lines
    if (held.length > MAX_RECORD)
      throw new Failure(`${file} has a line of over 1 MB: is it NDJSON?`)
  }
  if (held !== '') yield held
}

const TORN = 'has too few or too many columns, or a quote that is out of place'

async function* csvRows(
  stream: Readable,
  file: string,
  required: readonly string[],
): AsyncGenerator<Row> {
  const unreadable: Row[] = []
  const parser = parse({
    bom: true,
    columns: (header: string[]) => columnNames(header, file, required),
    info: true,
    max_record_size: MAX_RECORD,
    on_skip: (error) => {
      // The parser would lose what comes behind it.
      if (error?.code === 'CSV_MAX_RECORD_SIZE') throw error
      const line = Number(error?.['lines'] ?? 0)
      // Each of a line's quotes is an error of its own.
      if (unreadable.at(-1)?.line !== line) unreadable.push({ line, fault: TORN })
    },
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    trim: true,
  })
  // A failure of the stream reaches whoever iterates over the parser.
  pipeline(stream, withLineFeeds, parser, () => {})
  try {
    for await (const { record, info } of parser) {
      while (unreadable[0] && unreadable[0].line < info.lines) yield* unreadable.splice(0, 1)
      yield info.error
        ? { line: info.lines, fault: TORN }
        : { line: info.lines, columns: withoutEmpty(record) }
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'CSV_MAX_RECORD_SIZE') {
      throw new Failure(`${file} has a record of over 1 MB: is a quote never closed?`)
    }
    throw error
  }
  yield* unreadable
}

/** Makes each line end one character: the parser counts a CRLF within quotes as two lines. */
async function* withLineFeeds(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let held = ''
  for await (const chunk of chunks) {
    const text = held + chunk
    held = text.endsWith('\r') ? '\r' : ''
    yield text.slice(0, text.length - held.length).replaceAll('\r\n', '\n')
  }
  yield held
}

const OTHER_SEPARATORS = [
  [';', 'semicolons'],
  ['\t', 'tabs'],
  ['|', 'bars'],
] as const

/** A header as people write it, `Plan Name`, as the API writes names, `plan_name`. */
export const columnName = (title: string) =>
  title
    .trim()
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1_$2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1_$2')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '_')
    .replace(/^_|_$/g, '')

/** The names of the columns; one without a name is called by its place. Throws Failure. */
function columnNames(header: string[], file: string, required: readonly string[]) {
  const names = header.map((title, n) => columnName(title) || `column_${n + 1}`)
  const missing = required.filter((name) => !names.includes(name))
  const separator = OTHER_SEPARATORS.find(([character]) => header.join().includes(character))
  if (
    separator &&
    (header.length === 1 || (missing.length > 0 && header.length <= required.length))
  ) {
    throw new Failure(`${file} has ${separator[1]} between its columns: save it with commas`)
  }
  if (missing.length > 0) {
    // The first line may be no header but somebody's data, so nothing else of it is shown.
    const known = required.filter((name) => names.includes(name))
    throw new Failure(
      `${file} has no column ${missing.join(', ')}: its first line must name the columns, and of its ${names.length} only ${known.join(', ') || 'none'} is known`,
    )
  }
  const repeated = names.find((name, n) => names.indexOf(name) !== n)
  if (repeated !== undefined) throw new Failure(`${file} has two columns named ${repeated}`)
  return names
}

/** Spreadsheets end lines with commas for columns that hold nothing and have no name. */
const withoutEmpty = (record: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(record).filter(([name, cell]) => cell !== '' || !/^column_\d+$/.test(name)),
  )

/** The object on a line, or what is wrong with it: the API would refuse the same. */
function parseObject(text: string) {
  const fault = faultOfJson(text)
  if (fault) return { fault: WORDS[fault.name] + (fault.detail ?? '').replace(/^line 1,/, ' at') }
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { fault: 'is no JSON object' }
  }
  return hasInexactNumber(value) ? { fault: WORDS.tooPrecise } : { columns: { ...value } }
}

const WORDS = {
  notJson: 'is not JSON',
  repeatedKey: 'repeats a key',
  tooDeep: 'is nested too deeply',
  tooPrecise: 'has a number that is too long to be exact (send it as text, in quotes)',
}

/** Past 2^53 neighbouring integers read as one and the same; past 1e308 all are infinite. */
const hasInexactNumber = (value: unknown): boolean =>
  typeof value === 'number'
    ? Math.abs(value) > Number.MAX_SAFE_INTEGER
    : typeof value === 'object' && value !== null && Object.values(value).some(hasInexactNumber)
