import * as z from 'zod'
import { BLANK, blankOr, INVALID, isBlank, LIKE_AN_SSN, notOneOf, tooLong } from './messages.ts'

/** Control characters except tab and line breaks, and Unicode's bidirectional overrides and isolates. */
const NOT_TEXT = /[^\P{Cc}\t\n\r]|[\u202A-\u202E\u2066-\u2069]/u

/** Tabs, line breaks, and code points that aren't assigned. */
const NOT_ON_A_LINE = /[\t\n\r\u2028\u2029\p{Cn}]/u

/** Whether a text displays as what it is and survives storage, which lone surrogates don't. */
const isPlainText = (text: string) => text.isWellFormed() && !NOT_TEXT.test(text)

/** Three, two and four digits, in any script, with separators. People write SSNs this way, and hardly anything else. */
const SSN_GROUPS = String.raw`\p{Nd}{3}[^\p{L}\p{M}\p{N}+()#]{1,3}\p{Nd}{2}[^\p{L}\p{M}\p{N}+()#]{1,3}\p{Nd}{4}`
const AN_SSN = new RegExp(`^${SSN_GROUPS}$`, 'u')
const HAS_AN_SSN = new RegExp(String.raw`(?<![\p{L}\p{N}])${SSN_GROUPS}(?![\p{L}\p{N}])`, 'u')
const withoutUnseen = (value: string) =>
  value.replace(/\p{Default_Ignorable_Code_Point}/gu, '').trim()

/** Whether the whole value is written like an SSN. Nine bare digits don't count: they may be a phone or a member id. */
export const looksLikeSsn = (value: string) => AN_SSN.test(withoutUnseen(value))

/** Whether any part of the value is written like an SSN. */
export const holdsSsn = (value: string) => HAS_AN_SSN.test(withoutUnseen(value))

/** Trimmed, non-blank text; a value that isn't a string gets `error`. */
export const plainTextOr = (error: string) =>
  z
    .string({ error: blankOr(error) })
    .trim()
    .refine((value) => !isBlank(value), { error: BLANK, abort: true })
    .refine(isPlainText, { error, abort: true })
    .meta({ minLength: 1 })

export const plainText = plainTextOr(INVALID)

/** Trimmed text of 1 to `maximum` characters (code points), any script, that doesn't look like an SSN. */
export const text = (maximum: number, error = INVALID) =>
  plainTextOr(error)
    .refine((value) => isWithin(value, maximum), { error: tooLong(maximum), abort: true })
    .refine((value) => !looksLikeSsn(value), { error: LIKE_AN_SSN, abort: true })
    .meta({ minLength: 1, maxLength: maximum })

/** The same on one line. */
export const line = (maximum: number, error = INVALID) =>
  text(maximum, error).refine((value) => !NOT_ON_A_LINE.test(value), { error, abort: true })

const isWithin = (value: string, maximum: number) =>
  value.length <= maximum || (value.length <= 2 * maximum && Array.from(value).length <= maximum)

export const oneWordOf = <const Words extends readonly string[]>(words: Words) =>
  plainTextOr(notOneOf(words)).pipe(z.enum(words, { error: notOneOf(words) }))

/** An optional value: blank text, null and undefined become null. */
export const optional = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess(
    (value) =>
      value === undefined || (typeof value === 'string' && isBlank(value)) ? null : value,
    schema.nullable(),
  )
