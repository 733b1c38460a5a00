import * as z from 'zod'
import { IN_FUTURE, INVALID, notOneOf } from './messages.ts'
import { optional, plainText, plainTextOr, text } from './text.ts'

const FOURTEEN_HOURS = 14 * 60 * 60 * 1000

/** The calendar day, `YYYY-MM-DD`, in the time zone where it begins first (UTC+14). */
export const latestToday = (now = Date.now()) =>
  new Date(now + FOURTEEN_HOURS).toISOString().slice(0, 10)

/** Names as people have them, on one line: any script, digits and punctuation included. */
export const personName = text(255).refine((name) => !/[\t\n\r]/.test(name), { error: INVALID })

/** A real calendar day as text, compared as text: a `Date` would move birthdays across time zones. */
export const dateOfBirth = plainText
  .pipe(
    z.iso
      .date({ error: INVALID, abort: true })
      .refine((day) => day >= '1900-01-01', { error: INVALID })
      .refine((day) => day <= latestToday(), { error: IN_FUTURE })
      .meta({ examples: ['1990-05-15'] }),
  )
  .meta({ description: 'A calendar day, `YYYY-MM-DD`, not before 1900 and not in the future.' })

/** Nine digits, with both dashes or none; read as the nine digits. The format alone is checked. */
export const ssn = optional(
  plainText
    .regex(/^(\d{9}|\d{3}-\d{2}-\d{4})$/, { error: INVALID })
    .transform((value) => value.replaceAll('-', '')),
).meta({ description: 'Nine digits, with both dashes or none. Answered masked, never in full.' })

/**
 * The SSN of an amendment: nine digits, null for none, or the mask that was read, which leaves it as it is. Blank
 * text is a mistake here: it would take away an SSN that nobody can read back.
 */
export const amendedSsn = z
  .string({ error: INVALID })
  .trim()
  .regex(/^(\d{9}|\d{3}-\d{2}-\d{4}|\*{3}-\*{2}-\d{4})$/, { error: INVALID })
  .transform((value) => value.replace(/^(\d{3})-(\d{2})-/, '$1$2'))
  .nullable()
  .meta({
    description:
      'Nine digits, or `null` for none. The mask that you read leaves the number as it is.',
  })

/** 7 to 15 digits (E.164's limit) with the usual punctuation and an extension such as `x44`, `ext. 44` or `#44`; kept as sent. */
export const phone = optional(
  text(255).refine(
    (value) => {
      const number = /^([0-9+().\- ]+?) *((x|ext\.?|#) *[0-9]{1,6})?$/i.exec(value)?.[1]
      return number !== undefined && /^(\D*\d){7,15}\D*$/.test(number)
    },
    { error: INVALID },
  ),
)

/** An e-mail address as the published examples print it, redacted. */
export const REDACTED_EMAIL = '[email protected]'

/** Dot-atoms (RFC 5322 §3.4.1) before the @, labels of letters, digits and hyphens (RFC 1123) behind it. */
const ADDRESS =
  /^[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+([a-z]{2,}|xn--[a-z0-9-]*[a-z0-9])$/i

/** A conventional address of at most 254 characters (RFC 5321), or the published examples' placeholder. */
export const email = optional(
  text(254).refine((value) => value === REDACTED_EMAIL || ADDRESS.test(value), { error: INVALID }),
)

export const RELATIONSHIPS = ['spouse', 'child', 'parent', 'other'] as const

export const relationship = plainTextOr(notOneOf(RELATIONSHIPS)).pipe(
  z.enum(RELATIONSHIPS, { error: notOneOf(RELATIONSHIPS) }),
)
