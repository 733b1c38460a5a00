import * as z from 'zod'
import { blankOr, NOT_A_NUMBER, NOT_AN_INTEGER, NOT_POSITIVE, tooLarge } from './messages.ts'

const positive = (maximum: number) =>
  z
    .number({ error: blankOr(NOT_A_NUMBER) })
    .refine(Number.isInteger, { error: NOT_AN_INTEGER, abort: true })
    .gt(0, { error: NOT_POSITIVE })
    .max(maximum, { error: tooLarge(maximum) })
    .meta({ type: 'integer' })

/** An id as JSON carries it. Past 2^53 neighbouring ids would read as one and the same. */
export const recordId = positive(Number.MAX_SAFE_INTEGER)

/** A positive decimal integer as a query carries it: digits alone, never `0x10`, `1e3`, `1.5` or nothing. */
export const queryInteger = (maximum: number) =>
  z
    .string({ error: NOT_A_NUMBER })
    .regex(/^-?\d+(\.\d+)?$/, { error: NOT_A_NUMBER, abort: true })
    .regex(/^-?\d+$/, { error: NOT_AN_INTEGER, abort: true })
    .transform(Number)
    .pipe(positive(maximum))

/** A record's id in a query. */
export const queryId = queryInteger(Number.MAX_SAFE_INTEGER)
