import * as z from 'zod'

/** A clinic's name in tokens and rows, such as `riverside`: chosen by the operator. */
export const clinicId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, { error: 'use 1 to 64 of a-z, 0-9, _ and -' })
