import * as z from 'zod'

/** A clinic's id in tokens and rows, such as `riverside`. The operator chooses it. */
export const clinicId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, { error: 'use 1 to 64 of a-z, 0-9, _ and -' })

/** The clinic id of operator events that concern no clinic, or all of them. No clinic can have this id. */
export const NO_CLINIC = '*'
