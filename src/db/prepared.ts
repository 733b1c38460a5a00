import { fillPlaceholders, type SQLWrapper } from 'drizzle-orm'
import { SQLiteSyncDialect } from 'drizzle-orm/sqlite-core'
import type { Client } from './client.ts'

const dialect = new SQLiteSyncDialect()

/** A statement of one request: the values go where the query has `sql.placeholder`s of their names. */
export type Prepared = (db: Client, values: Record<string, unknown>) => D1PreparedStatement

/**
 * Writes a query's SQL once for all the requests of an isolate; writing it for each is what they would spend
 * the most on. D1 answers with rows as the columns are named.
 */
export function prepared(query: SQLWrapper): Prepared {
  const { sql, params } = dialect.sqlToQuery(query.getSQL())
  return (db, values) => db.prepare(sql).bind(...fillPlaceholders(params, values))
}
