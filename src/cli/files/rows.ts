import { pipeline } from 'node:stream'
import { parse } from 'csv-parse'
import { Failure, stopAtCtrlC } from '../terminal/failure.ts'
import type { FieldErrors } from '../../http/errors.ts'
import { faultOfJson } from '../../http/json-text.ts'
import { openInput, STDIN } from './input.ts'
import { linesOf } from './lines.ts'

/** A row: the line it ends on, counted from 1, and its columns or, if it could not be read, the errors. */
export type Row = {
  line: number
  columns?: Record<string, unknown>
  errors?: FieldErrors | undefined
}

/** Returns the required fields that the named columns do not provide. */
type FindMissing = (names: readonly string[]) => string[]

/** In bytes. A quote that is never closed would otherwise swallow the rest of the file. */
const MAX_RECORD = 1_000_000

/**
 * Streams the rows of a file, or of stdin for `-`. A CSV's columns must provide the `required` fields; `fieldsIn`
 * returns the fields that they provide. Throws Failure.
 */
export async function openRows(
  file: string,
  required: readonly string[],
  fieldsIn: (names: readonly string[]) => Iterable<string> = (names) => names,
) {
  const { stream, share } = await openInput(file, stopAtCtrlC())
  const lines = linesOf(stream, file === STDIN ? 'this' : file)
  const { value: first = '' } = await lines.next()
  async function* all() {
    yield `${first}`
    yield* lines
  }
  const findMissing = (names: readonly string[]) => {
    const given = new Set(fieldsIn(names))
    return required.filter((name) => !given.has(name))
  }
  const isJson = /\.(ndjson|jsonl)$/i.test(file) || /^\s*[{[]/.test(first)
  return { isJson, rows: isJson ? ndjsonRows(all()) : csvRows(all(), file, findMissing), share }
}

async function* ndjsonRows(lines: AsyncIterable<string>): AsyncGenerator<Row> {
  let line = 0
  for await (const text of lines) {
    line++
    if (text.trim() !== '') yield { line, ...parseObject(text) }
  }
}

const MALFORMED = 'has too few or too many columns, or a quote that is out of place'

async function* csvRows(lines: AsyncIterable<string>, file: string, findMissing: FindMissing) {
  const malformed: Row[] = []
  const parser = parse({
    columns: (header: string[]) => columnNames(header, file, findMissing),
    info: true,
    max_record_size: MAX_RECORD,
    on_skip: (error) => {
      // The parser would lose the rows after this one.
      if (error?.code === 'CSV_MAX_RECORD_SIZE') {
        throw new Failure(`${file} has a record of over 1 MB: is a quote never closed?`)
      }
      const line = Number(error?.['lines'] ?? 0)
      // The parser reports a line once for each misplaced quote.
      if (malformed.at(-1)?.line !== line) malformed.push({ line, errors: { row: [MALFORMED] } })
    },
    skip_empty_lines: true,
    skip_records_with_error: true,
    trim: true,
  })
  async function* text() {
    for await (const line of lines) yield `${line}\n`
  }
  // Iterating over the parser throws the stream's errors.
  pipeline(text, parser, () => {})
  for await (const { record, info } of parser) {
    while (malformed[0] && malformed[0].line < info.lines) yield* malformed.splice(0, 1)
    yield { line: info.lines, columns: withoutEmpty(record) }
  }
  yield* malformed
}

/** Turns a header such as `Plan Name` into an API name, `plan_name`. */
export const columnName = (title: string) =>
  title
    .trim()
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1_$2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1_$2')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '_')
    .replace(/^_|_$/g, '')

const SEPARATORS: Record<string, string> = { ';': 'semicolons', '\t': 'tabs', '|': 'bars' }

/** The column names; a nameless one is named by its position. Throws Failure, which never quotes data. */
function columnNames(header: string[], file: string, findMissing: FindMissing) {
  const names = header.map((title, n) => columnName(title) || `column_${n + 1}`)
  const missing = findMissing(names)
  if (missing.length > 0) {
    const [separator] = /[;\t|]/.exec(header.join()) ?? []
    throw new Failure(
      separator
        ? `${file} has ${SEPARATORS[separator]} between its columns: save it with commas`
        : `${file} has no column ${missing.join(', ')}: its first line must name the columns`,
    )
  }
  const repeated = names.find((name, n) => names.indexOf(name) !== n)
  if (repeated !== undefined) throw new Failure(`${file} has two columns named ${repeated}`)
  return names
}

/** Drops empty columns without a name: spreadsheets add commas at the end of lines. */
const withoutEmpty = (record: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(record).filter(([name, cell]) => cell !== '' || !/^column_\d+$/.test(name)),
  )

const WORDS = {
  notJson: 'is not JSON',
  repeatedKey: 'repeats a key',
  tooDeep: 'is nested too deeply',
  tooPrecise: 'has a number that is too long to be exact (send it as text, in quotes)',
}

/** Parses the object on a line, or returns what is wrong with it. The API would refuse the same. */
function parseObject(text: string): Omit<Row, 'line'> {
  const wrong = (message: string) => ({ errors: { row: [message] } })
  const fault = faultOfJson(text)
  if (fault) return wrong(WORDS[fault.name] + (fault.detail ?? '').replace(/^line 1,/, ' at'))
  let isExact = true
  const value: unknown = JSON.parse(text, (_, each: unknown) => {
    isExact &&= typeof each !== 'number' || Math.abs(each) <= Number.MAX_SAFE_INTEGER
    return each
  })
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return wrong('is not a JSON object, of which each needs a line of its own')
  return isExact ? { columns: { ...value } } : wrong(WORDS.tooPrecise)
}
