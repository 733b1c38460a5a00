import { describe, expect, it } from 'vitest'
import { foldName } from '../src/fields/fold.ts'
import { nearest } from '../src/fields/nearest.ts'
import { email, phone, ssn } from '../src/fields/person.ts'
import { errorsOf } from '../src/http/field-errors.ts'
import { faultOfJson } from '../src/http/json-text.ts'
import { wantedTags } from '../src/http/etag.ts'
import { nearestPath } from '../src/http/nearest-path.ts'
import { isWellFormedToken } from '../src/tokens/token.ts'
import * as z from 'zod'

// Whoever may send a text decides how long it is, so no routine that reads one may take more than its share: twice the
// text takes at most two and a half times as long.

const MOST = 2.5
/** A run shorter than this measures the clock and the collector, not the routine. */
const LEAST_MILLISECONDS = 4
const RUNS = 5
const TRIES = 6

/** The shortest of several runs: whatever else the machine does only adds to one. */
function shortest(run: () => unknown): number {
  const times = Array.from({ length: RUNS }, () => {
    const startedAt = performance.now()
    run()
    return performance.now() - startedAt
  })
  return Math.min(...times)
}

/** A routine with the text that it is to read, which is made before its time is taken. */
type Made = (size: number) => () => unknown

/** How much longer twice the size takes, at a size that takes long enough to be measured. */
function growthOf(made: Made): number {
  let size = 1 << 12
  const timeOf = (length: number) => shortest(made(length))
  timeOf(size)
  while (size < 1 << 21 && timeOf(size) < LEAST_MILLISECONDS) size *= 2
  // The best of several: a routine that is quadratic is so in all of them, and a busy machine in some.
  let best = Infinity
  for (let tried = 0; tried < TRIES && best > MOST; tried++) {
    const once = timeOf(size)
    best = Math.min(best, timeOf(2 * size) / once)
  }
  return best
}

const all = z.strictObject({ page: z.string().optional(), page_size: z.string().optional() })
const unknownKeys = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`page_siz${n}`, 0]))

const json = (text: string) => () => faultOfJson(text)
const fold = (text: string) => () => foldName(text)
const near = (text: string) => () => nearest(text, ['page_size'])
const parse = (schema: z.ZodType, text: string) => () => schema.safeParse(text)
const keys = (count: number) => Array.from({ length: count }, (_, key) => `"${key}":0`).join()

const ROUTINES: Record<string, Record<string, Made>> = {
  'a JSON text': {
    'of one number of zeros': (n) => json(`[1${'0'.repeat(n)}1]`),
    'of runs of zeros in a number': (n) => json(`[1.${'0001'.repeat(n / 4)}]`),
    'of digits': (n) => json(`[${'7'.repeat(n)}]`),
    'of quotes': (n) => json(`["${'\\"'.repeat(n / 2)}"]`),
    'of backslashes without an end': (n) => json(`["${'\\\\'.repeat(n / 2)}`),
    'of many keys': (n) => json(`{${keys(n / 8)}}`),
    'of many lines that ends in a mistake': (n) => json(`[1${'\n'.repeat(n)}x`),
    'of escapes': (n) => json(`{"${'\\u0061'.repeat(n / 6)}":1,"a":2}`),
  },
  'a name': {
    'of letters that fold to many': (n) => fold('\ufdfa'.repeat(n / 8)),
    'of marks': (n) => fold(`a${'\u0301'.repeat(n / 8)}`),
    'of punctuation': (n) => fold('-.'.repeat(n / 2)),
    'of blanks': (n) => fold(`${' '.repeat(n)}x`),
    'that is near none': (n) => near('[\n'.repeat(n / 2)),
    'of capitals': (n) => near('aB'.repeat(n / 2)),
  },
  'a value': {
    'of a phone': (n) => parse(phone, ' 1'.repeat(n / 2)),
    'of a phone of blanks': (n) => parse(phone, `1${' '.repeat(n)}x`),
    'of an e-mail': (n) => parse(email, `${'a.'.repeat(n / 2)}@b`),
    'of an e-mail of labels': (n) => parse(email, `a@${'a-'.repeat(n / 2)}`),
    'of an SSN': (n) => parse(ssn, ' 1'.repeat(n / 2)),
  },
  'a request': {
    'with a path of slashes': (n) => () => nearestPath(['/v1/a'], '/v1', `${'/'.repeat(n)}x`),
    'with a token': (n) => () => isWellFormedToken(`clinic_${'a'.repeat(n)}`),
    'with an If-Match of commas': (n) => () => wantedTags(`"a"${','.repeat(n)}`),
    'with unknown keys': (n) => {
      const body = unknownKeys(n / 64)
      return () => {
        const { error } = all.safeParse(body)
        return error && errorsOf(error, all, 'field')
      }
    },
  },
}

describe.each(Object.entries(ROUTINES))('%s', (_, routines) => {
  it.each(Object.entries(routines))('%s takes time in proportion to its length', (_name, made) => {
    expect(growthOf(made)).toBeLessThanOrEqual(MOST)
  })
})

it('finds a routine that takes more than its share', () => {
  const cubic: Made = (n) => () => /0*0*1/.test('0'.repeat(n / 16))

  expect(growthOf(cubic)).toBeGreaterThan(MOST)
})
