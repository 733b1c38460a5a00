import { INVALID } from './messages.ts'
import { text } from './text.ts'

/** The ownable type that a primary holder is of. */
export const PATIENT = 'Patient'

/** A class name of the clinic's main system, such as `Patient` or `Billing::Account`. */
export const ownableType = text(64)
  .regex(/^[A-Za-z][A-Za-z0-9_]*(::[A-Za-z][A-Za-z0-9_]*)*$/, { error: INVALID })
  .meta({ examples: [PATIENT] })
