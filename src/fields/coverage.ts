import * as z from 'zod'
import { foldIdentity } from './fold.ts'
import { blankOr, INVALID, LIKE_AN_SSN } from './messages.ts'
import { line, looksLikeSsn, optional, plainText } from './text.ts'

const NOT_TEXT = 'must be text, in quotes: a number loses its zeros'

/** As on the card; only blanks at its ends are trimmed. */
export const memberId = z
  .string({ error: blankOr(NOT_TEXT) })
  .refine((value) => !looksLikeSsn(value), {
    error: `${LIKE_AN_SSN}; send it as the ssn of a person`,
    abort: true,
  })
  .pipe(line(80))
  .meta({ description: 'As the card has it. Text, so that no zero is lost.', maxLength: 80 })

/** Ignores case, blanks and dashes. */
export const foldMemberId = (memberId: string) =>
  foldIdentity(memberId).replace(/[\s\p{Pd}\u2212]+/gu, '')

export const groupNumber = optional(z.string({ error: NOT_TEXT }).pipe(line(50)))

/** A real calendar day from 1900 to 9999, past or future. */
export const calendarDay = plainText.pipe(
  z.iso
    .date({ error: INVALID, abort: true })
    .refine((day) => day >= '1900-01-01' && day <= '9999-12-31', { error: INVALID })
    .meta({ examples: ['2026-01-01'] }),
)
