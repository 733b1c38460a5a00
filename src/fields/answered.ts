import * as z from 'zod'

/** An id that we assigned. */
export const id = z.int().positive()

/** The masked SSN in answers: asterisks, except for the last four digits. */
export const maskedSsn = z
  .string()
  .regex(/^\*{3}-\*{2}-[0-9]{4}$/)
  .nullable()
  .meta({
    description: 'The Social Security Number, masked but for its last four digits.',
    examples: ['***-**-6789'],
  })

export const timestamp = z
  .string()
  .regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/)
  .meta({ format: 'date-time', examples: ['2023-10-20T10:00:00.000Z'] })

export const day = z.iso.date().meta({ examples: ['1990-05-15'] })

export const nullableText = z.string().nullable()
