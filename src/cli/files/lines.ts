import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import type * as z from 'zod'
import { parsedJson } from '../../storage/parsed-json.ts'
import { Failure } from '../terminal/failure.ts'
import { shellWords } from '../terminal/report.ts'
import { openInput } from './input.ts'

const AS_CSV = 'save it as "CSV UTF-8", and import that'

/** Files that aren't text, by their first bytes in hex. */
const OTHERS: [RegExp, string][] = [
  [/^1f8b/, 'is compressed with gzip: run `gunzip` on it first'],
  [/^504b0304/, `is an Excel workbook (xlsx) or another zip: ${AS_CSV}`],
  [/^d0cf11e0/, `is an old Excel workbook (xls): ${AS_CSV}`],
  [/^25504446/, `is a PDF: ${AS_CSV}`],
  [/^(fffe|feff|00..00|..00..00)/, `is UTF-16: ${AS_CSV}`],
]

/** In bytes. None of our files has longer lines. */
const LONGEST_LINE = 1_000_000

/**
 * Yields the lines of a file, which must be UTF-8: reading another encoding leniently would corrupt names. Lines end
 * only at `\n`: `readline` would also end one at U+2028, which a name may contain. Throws Failure.
 */
export async function* linesOf(stream: Readable, file: string): AsyncGenerator<string> {
  let line = 0
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    const bytes = Buffer.concat([rest, chunk])
    const other = line === 0 && OTHERS.find(([magic]) => magic.test(bytes.toString('hex', 0, 8)))
    if (other) throw new Failure(`${file} ${other[1]}`)
    let start = 0
    for (let end = bytes.indexOf('\n'); end !== -1; end = bytes.indexOf('\n', start)) {
      yield decode(bytes.subarray(start, end))
      start = end + 1
    }
    rest = bytes.subarray(start)
    if (rest.length > LONGEST_LINE) throw new Failure(`${file} has a line of over 1 MB`)
  }
  if (rest.length > 0) yield decode(rest)

  function decode(bytes: Buffer): string {
    line++
    if (!isUtf8(bytes)) {
      const convert = shellWords(['iconv', '-f', 'WINDOWS-1252', '-t', 'UTF-8', file])
      throw new Failure(
        `${file} is not UTF-8 on line ${line}: if it is from Windows, \`${convert}\` converts it`,
      )
    }
    const text = bytes.toString('utf8').replace(/\r$/, '')
    return line === 1 ? text.replace(/^\uFEFF/, '') : text
  }
}

/** The values in a file that `command` wrote, one a line. Throws Failure. */
export async function* valuesIn<Value>(file: string, schema: z.ZodType<Value>, command: string) {
  const { stream } = await openInput(file)
  let line = 0
  for await (const text of linesOf(stream, file)) {
    line++
    if (text.trim() === '') continue
    const { success, data } = schema.safeParse(parsedJson(text))
    if (!success) throw new Failure(`line ${line} of ${file} was not written by \`${command}\``)
    yield data
  }
}

/** All values in a small file that `command` wrote. Throws Failure. */
export async function readWritten<Value>(file: string, schema: z.ZodType<Value>, command: string) {
  const values: Value[] = []
  for await (const value of valuesIn(file, schema, command)) values.push(value)
  return values
}
