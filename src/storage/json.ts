import { sql, type SQL } from 'drizzle-orm/sql/sql'

/** A row's fields by the keys of the answer; null means the column of that name. */
export type Fields = Record<string, SQL | null>

/**
 * A row as JSON, written by SQLite, its keys in the order of `fields`. D1 then returns the answer as one text, so no
 * request maps or serializes rows. `as` says how to write the fields that are no columns of that name. Rows of
 * `columnsOf` have a column for each field: pass `{}` for them.
 */
export function jsonOf(fields: Fields, as = fields): SQL {
  const members = Object.keys(fields).map(
    (key) => sql`${sql.raw(`'${key}'`)}, ${as[key] ?? sql.raw(key)}`,
  )
  return sql`json_object(${sql.join(members, sql`, `)})`
}

/** The fields as the columns of a SELECT. */
export function columnsOf(fields: Fields): SQL {
  const columns = Object.entries(fields).map(([key, field]) =>
    field ? sql`${field} AS ${sql.raw(key)}` : sql.raw(key),
  )
  return sql.join(columns, sql`, `)
}
