import { sql } from 'drizzle-orm/sql/sql'
import * as z from 'zod'
import { day } from '../fields/answered.ts'
import { foldIdentity, foldName, laterWords } from '../fields/fold.ts'
import { dateOfBirth, personName } from '../fields/person.ts'
import { field } from '../records/resource.ts'

const nameField = (example: string) => ({
  ...field(personName, z.string(), example),
  folded: foldName,
  identity: foldIdentity,
})

function laterWordsInJson(name: string) {
  const words = laterWords(name)
  return words.length > 0 ? JSON.stringify(words) : null
}

export const personFields = (firstName: string, lastName: string, born: string) => ({
  first_name: nameField(firstName),
  last_name: { ...nameField(lastName), words: laterWordsInJson },
  date_of_birth: field(dateOfBirth, day, born),
})

/**
 * What tells an owner's people apart: the date of birth, the names with their accents and, if both have one, the last
 * digits of the SSN. The folded names are only there for the index: equal names also fold to the same.
 */
export const personIdentity = (table: string, owner: readonly string[]) => ({
  index: `${table}_by_date_of_birth`,
  columns: [
    ...['date_of_birth', 'last_name_folded', 'first_name_folded'],
    ...['last_name_identity', 'first_name_identity', ...owner],
  ],
  where: sql`(other.ssn_last_four <> given.value ->> 'ssn_last_four') IS NOT TRUE`,
  words: 'owner, names and date of birth, and no other SSN',
})
