import { integer } from 'drizzle-orm/sqlite-core/columns/integer'
import { text } from 'drizzle-orm/sqlite-core/columns/text'
import { sqliteTable } from 'drizzle-orm/sqlite-core/table'
import type { Kind } from '../records/kind.ts'
import { foldedNames, recordColumns, ssnColumns } from '../records/table.ts'
import { given, query, record } from './schema.ts'

/** Who is insured through a primary holder. */
export const dependents: Kind = {
  name: 'dependents',
  one: 'dependent',
  notFound: 'Dependent not found',
  owner: { type: 'primary_holder_type', id: 'primary_holder_id', filter: 'primary_holder_id' },
  given,
  record,
  query,
  table: sqliteTable('dependents', {
    ...recordColumns(),
    primary_holder_type: text().notNull(),
    primary_holder_id: integer().notNull(),
    first_name: text().notNull(),
    last_name: text().notNull(),
    date_of_birth: text().notNull(),
    relationship: text().notNull(),
    ...foldedNames(),
    ...ssnColumns(),
  }),
}
