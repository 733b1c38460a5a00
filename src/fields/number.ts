import * as z from 'zod'
import {
  blankOr,
  NOT_A_NUMBER,
  NOT_AN_INTEGER,
  SENT_AS_TEXT,
  tooLarge,
  tooSmall,
} from './messages.ts'

const integer = (maximum: number, minimum: number, error: (issue: { input: unknown }) => string) =>
  z
    .number({ error })
    .refine(Number.isInteger, { error: NOT_AN_INTEGER, abort: true })
    .min(minimum, { error: tooSmall(minimum) })
    .max(maximum, { error: tooLarge(maximum) })
    .meta({ type: 'integer' })

const isDigits = (input: unknown) => typeof input === 'string' && /^-?\d+$/.test(input)

export const jsonInteger = (maximum: number) =>
  integer(maximum, 1, ({ input }) =>
    isDigits(input) ? SENT_AS_TEXT : blankOr(NOT_A_NUMBER)({ input }),
  )

/** An id in JSON. Past 2^53, neighbouring ids would be read as the same number. */
export const recordId = jsonInteger(Number.MAX_SAFE_INTEGER)

/** A decimal integer in a query: digits only, so not `0x10`, `1e3`, `1.5` or nothing. */
export const queryInteger = (maximum: number, minimum = 1) =>
  z
    .string({ error: NOT_A_NUMBER })
    .regex(/^-?\d+(\.\d+)?$/, { error: NOT_A_NUMBER, abort: true })
    .regex(/^-?\d+$/, { error: NOT_AN_INTEGER, abort: true })
    .transform(Number)
    .pipe(integer(maximum, minimum, () => NOT_A_NUMBER))

export const queryId = queryInteger(Number.MAX_SAFE_INTEGER)
