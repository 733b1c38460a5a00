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

/** The text of a file, which must be UTF-8: read leniently, another encoding would be stored as other names. Throws Failure. */
export async function* decoded(stream: Readable, file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
  let lines = 1
  let isFirst = true
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk)
    const start = bytes.subarray(0, 8).toString('hex')
    const other = isFirst ? OTHERS.find(([pattern]) => pattern.test(start)) : undefined
    if (other) throw new Failure(`${file} ${other[1]}`)
    isFirst = false
    const text = decode(bytes, true)
    lines += text.split('\n').length - 1
    yield text
  }
  yield decode(Buffer.alloc(0), false)

  function decode(bytes: Buffer, stream: boolean): string {
    try {
      return decoder.decode(bytes, { stream })
    } catch {
      const convert = shellWords(['iconv', '-f', 'WINDOWS-1252', '-t', 'UTF-8', file])
      throw new Failure(
        `${file} is not UTF-8, from line ${lines} on at the latest: if it is from Windows, \`${convert}\` converts it`,
      )
    }
  }
}
