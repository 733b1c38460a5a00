import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import { Failure } from '../terminal/failure.ts'
import { shellWords } from '../terminal/report.ts'

const AS_CSV = 'save it as "CSV UTF-8", and import that'

/** What a file is that is no text, by its first bytes in hex. */
const OTHERS: [RegExp, string][] = [
  [/^1f8b/, 'is compressed with gzip: run `gunzip` on it first'],
  [/^504b0304/, `is an Excel workbook (xlsx) or another zip: ${AS_CSV}`],
  [/^d0cf11e0/, `is an old Excel workbook (xls): ${AS_CSV}`],
  [/^25504446/, `is a PDF: ${AS_CSV}`],
  [/^(fffe|feff|00..00|..00..00)/, `is UTF-16: ${AS_CSV}`],
]

/** In bytes: a file with longer lines is none of ours. */
const LONGEST_LINE = 8_000_000

/**
 * The text of a file, which must be UTF-8: read leniently, another encoding would be stored as other names. It goes by
 * whole lines, so that a fault is told with its line. Throws Failure.
 */
export async function* decoded(stream: Readable, file: string): AsyncGenerator<string> {
  let lines = 0
  let isFirst = true
  let held = Buffer.alloc(0)
  for await (const chunk of stream) {
    const bytes = Buffer.concat([held, Buffer.from(chunk)])
    const start = bytes.subarray(0, 8).toString('hex')
    const other = isFirst ? OTHERS.find(([pattern]) => pattern.test(start)) : undefined
    if (other) throw new Failure(`${file} ${other[1]}`)
    isFirst = false
    const end = Math.max(bytes.lastIndexOf('\n'), bytes.lastIndexOf('\r')) + 1
    held = bytes.subarray(end)
    if (held.length > LONGEST_LINE) throw new Failure(`${file} has a line of over 8 MB`)
    if (end > 0) yield decode(bytes.subarray(0, end))
  }
  yield decode(held)

  function decode(bytes: Buffer): string {
    if (!isUtf8(bytes)) {
      const convert = shellWords(['iconv', '-f', 'WINDOWS-1252', '-t', 'UTF-8', file])
      throw new Failure(
        `${file} is not UTF-8 on line ${lines + firstWrong(bytes)}: if it is from Windows, \`${convert}\` converts it`,
      )
    }
    const text = bytes.toString('utf8')
    lines += text.split('\n').length - 1
    return text
  }
}

/** Which line, counted from 1, is not UTF-8. */
function firstWrong(bytes: Buffer): number {
  let start = 0
  for (let line = 1; ; line++) {
    const end = bytes.indexOf('\n', start)
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) return line
    start = end + 1
  }
}
