import { integer } from 'drizzle-orm/sqlite-core/columns/integer'
import { text } from 'drizzle-orm/sqlite-core/columns/text'
import { sqliteTable } from 'drizzle-orm/sqlite-core/table'
import type { Kind } from '../records/kind.ts'
import { foldedNames, recordColumns, ssnColumns } from '../records/table.ts'
import { given, query, record } from './schema.ts'

/** Who a patient, or another ownable, is. */
export const personInformations: Kind = {
  name: 'person_informations',
  one: 'person_information',
  notFound: 'Person information not found',
  owner: { type: 'ownable_type', id: 'ownable_id', filter: 'patient_id' },
  given,
  record,
  query,
  table: sqliteTable('person_informations', {
    ...recordColumns(),
    ownable_type: text().notNull(),
    ownable_id: integer().notNull(),
    first_name: text().notNull(),
    last_name: text().notNull(),
    date_of_birth: text().notNull(),
    phone: text(),
    email: text(),
    ...foldedNames(),
    ...ssnColumns(),
  }),
}
