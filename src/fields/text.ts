import * as z from 'zod'
import { BLANK, blankOr, INVALID, tooLong } from './messages.ts'

/** Control characters but tab and line breaks, and Unicode's bidirectional overrides and isolates. */
const NOT_TEXT = /[^\P{Cc}\t\n\r]|[\u202A-\u202E\u2066-\u2069]/u

/** Nothing that displays as what it is not or does not survive storage: lone surrogates do not either. */
const isPlainText = (text: string) => text.isWellFormed() && !NOT_TEXT.test(text)

/** Trimmed text that is not blank; of anything that is no text the error is said. */
export const plainTextOr = (error: string) =>
  z
    .string({ error: blankOr(error) })
    .trim()
    .refine((value) => value !== '', { error: BLANK, abort: true })
    .refine(isPlainText, { error, abort: true })
    .meta({ minLength: 1 })

export const plainText = plainTextOr(INVALID)

/** Trimmed text of 1 to `maximum` characters (code points), any script. */
export const text = (maximum: number) =>
  plainText
    .refine((value) => Array.from(value).length <= maximum, {
      error: tooLong(maximum),
      abort: true,
    })
    .meta({ minLength: 1, maxLength: maximum })

/** A value that may be left out: blank text, null and nothing at all become null. */
export const optional = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess(
    (value) =>
      value === undefined || (typeof value === 'string' && value.trim() === '') ? null : value,
    schema.nullable(),
  )
