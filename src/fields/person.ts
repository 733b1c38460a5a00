import * as z from 'zod'
import { IN_FUTURE, INVALID, LIKE_AN_SSN } from './messages.ts'
import { holdsSsn, line, optional, plainText, plainTextOr } from './text.ts'

const FOURTEEN_HOURS = 14 * 60 * 60 * 1000

/** Today's date, `YYYY-MM-DD`, in the time zone that is furthest ahead (UTC+14). */
export const latestToday = (now = Date.now()) =>
  new Date(now + FOURTEEN_HOURS).toISOString().slice(0, 10)

/** A name on one line: any script, digits and punctuation included. */
export const personName = line(255).refine((name) => !holdsSsn(name), { error: LIKE_AN_SSN })

/** A real calendar day as text, compared as text: a `Date` would move birthdays across time zones. */
export const dateOfBirth = plainText
  .pipe(
    z.iso
      .date({ error: INVALID, abort: true })
      .refine((day) => day >= '1900-01-01', { error: INVALID })
      .refine((day) => day <= latestToday(), { error: IN_FUTURE })
      .meta({ examples: ['1990-05-15'] }),
  )
  .describe('A calendar day, `YYYY-MM-DD`, not before 1900 and not in the future.')

const SSN_MESSAGE = `${INVALID}: it takes nine digits, alone or in groups of 3, 2 and 4`
const PHONE_MESSAGE = `${INVALID}: it takes 7 to 15 digits with + ( ) . - / and spaces, and an extension such as x44`
const EMAIL_MESSAGE = `${INVALID}: it takes an address such as ana@example.com`

/** Replaces typographic dashes and blanks by plain ones. */
const withPlainSigns = (value: string) =>
  value.replace(/[\p{Pd}\u2212]/gu, '-').replace(/\p{Zs}/gu, ' ')

/** Bare, or in groups with one and the same separator. */
const NINE_DIGITS = /^\d{3}([-. ]?)\d{2}\1\d{4}$/
const MASK = /^\*{3}-\*{2}-\d{4}$/

/** Nine digits, bare or in groups, read as bare digits. Only the format is checked. */
export const ssn = optional(
  plainTextOr(SSN_MESSAGE)
    .transform(withPlainSigns)
    .refine((value) => NINE_DIGITS.test(value), { error: SSN_MESSAGE })
    .transform((value) => value.replace(/\D/g, '')),
).describe(
  'Nine digits, alone or in groups with dashes, spaces or dots. Answered masked, never in full.',
)

/**
 * The SSN of an amendment: nine digits, null to remove it, or the mask, which leaves it as it is. Blank text is an
 * error: it would remove an SSN that nobody can read back.
 */
export const amendedSsn = z
  .string({ error: SSN_MESSAGE })
  .trim()
  .transform(withPlainSigns)
  .refine((value) => NINE_DIGITS.test(value) || MASK.test(value), {
    error: ({ input }) => (/^[^*]*[0-9]/.test(String(input)) ? SSN_MESSAGE : INVALID),
  })
  .transform((value) => (MASK.test(value) ? value : value.replace(/\D/g, '')))
  .nullable()
  .describe('Nine digits, or `null` for none. The mask that you read leaves the number as it is.')

/** An extension, such as `x44`, `ext. 44`, `extension 44`, `#44` or `;ext=44`. */
const EXTENSION = /[,;]? ?(x|ext\.?|extension|#|;ext=) *[0-9]{1,6}$/i

/** 7 to 15 digits (E.164's limit) with the usual punctuation. Only typographic dashes and blanks are replaced. */
export const phone = optional(
  z
    .preprocess(
      (value) => (typeof value === 'string' ? withPlainSigns(value.replace(UNSEEN, '')) : value),
      line(255, PHONE_MESSAGE),
    )
    .refine(isPhone, { error: PHONE_MESSAGE }),
)

/** Phone numbers are often pasted with invisible characters around them that set the text direction. */
const UNSEEN = /\p{Default_Ignorable_Code_Point}|[\u202A-\u202E\u2066-\u2069]/gu

function isPhone(value: string) {
  const number = value.replace(EXTENSION, '')
  const digits = number.replace(/[^0-9]/g, '').length
  return /^[0-9+().\-/ ]*$/.test(number) && digits >= 7 && digits <= 15
}

/** The redacted e-mail address of the published examples. */
export const REDACTED_EMAIL = '[email protected]'

/** Dot-atoms (RFC 5322 §3.4.1) before the @, in any script (RFC 6531). */
const LOCAL_PART =
  /^[\p{L}\p{M}\p{N}_!#$%&'*+/=?^`{|}~-]+(\.[\p{L}\p{M}\p{N}_!#$%&'*+/=?^`{|}~-]+)*$/u
/** Letters and digits in any script, and hyphens between them. */
const LABEL = /^(?!-)[\p{L}\p{M}\p{N}-]{1,63}(?<!-)$/u
const TOP_LEVEL = /^([a-z]{2,}|xn--[a-z0-9-]+|(?=.*[^ -~])[\p{L}\p{M}]+)$/iu

/** A conventional address of at most 254 characters (RFC 5321), or the published examples' placeholder. */
export const email = optional(
  line(254, EMAIL_MESSAGE)
    .refine((value) => !holdsSsn(value), { error: LIKE_AN_SSN, abort: true })
    .refine((value) => value === REDACTED_EMAIL || isAddress(value), { error: EMAIL_MESSAGE }),
)

function isAddress(value: string) {
  const at = value.lastIndexOf('@')
  const labels = value.slice(at + 1).split('.')
  return (
    LOCAL_PART.test(value.slice(0, Math.max(at, 0))) &&
    labels.length > 1 &&
    labels.every((label) => LABEL.test(label)) &&
    TOP_LEVEL.test(labels.at(-1) ?? '')
  )
}

export const RELATIONSHIPS = ['spouse', 'child', 'parent', 'other'] as const
