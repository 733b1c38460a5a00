import { integer } from 'drizzle-orm/sqlite-core/columns/integer'
import { text } from 'drizzle-orm/sqlite-core/columns/text'

/** The columns that the table of every kind of record has. */
export const recordColumns = () => ({
  clinic_id: text().notNull(),
  id: integer().notNull(),
  uid: text().notNull(),
  version: integer().notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull(),
})

/** The columns of a name as search compares it, for the kinds that are of people. */
export const foldedNames = () => ({
  last_name_folded: text().notNull(),
  first_name_folded: text().notNull(),
})

/** The columns of a sealed SSN, for the kinds that have one. */
export const ssnColumns = () => ({
  ssn_key_id: text(),
  ssn_sealed: text(),
  ssn_last_four: text(),
})
