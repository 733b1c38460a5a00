import * as z from 'zod'
import { day } from '../fields/answered.ts'
import { foldName } from '../fields/fold.ts'
import { dateOfBirth, personName } from '../fields/person.ts'
import type { Field } from '../records/resource.ts'

const nameField = (example: string): Field => ({
  given: personName,
  answered: z.string(),
  example,
  folded: foldName,
})

/** The fields by which people are searched. */
export const personFields = (firstName: string, lastName: string, born: string) => ({
  first_name: nameField(firstName),
  last_name: nameField(lastName),
  date_of_birth: { given: dateOfBirth, answered: day, example: born } satisfies Field,
})

/** What tells one person from another, besides the owner, as far as a front desk can. */
export const PERSON = ['date_of_birth', 'last_name_folded', 'first_name_folded']
