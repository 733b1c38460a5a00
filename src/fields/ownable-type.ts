import { INVALID } from './messages.ts'
import { text } from './text.ts'

/** The ownable type of primary holders. */
export const PATIENT = 'Patient'

const CLASS_NAME = /^[A-Z][A-Za-z0-9_]*(::[A-Za-z][A-Za-z0-9_]*)*$/
const lacksCapital = (input: unknown) =>
  typeof input === 'string' && new RegExp(CLASS_NAME, 'i').test(input)

/** A class name of the clinic's main system, such as `Patient` or `Billing::Account`. */
export const ownableType = text(64)
  .regex(CLASS_NAME, {
    error: ({ input }) =>
      lacksCapital(input) ? 'must begin with a capital, such as Patient' : INVALID,
  })
  .meta({ examples: [PATIENT] })
