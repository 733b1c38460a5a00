import { Column } from 'drizzle-orm/column'
import { is } from 'drizzle-orm/entity'
import { sql, type SQL } from 'drizzle-orm/sql/sql'

/** What a row says, by the key that it is answered under; null is the column of that name. */
export type Fields = Record<string, Column | SQL | null>

/**
 * A row as SQLite writes it in JSON, its keys in the order of `fields`: D1 then hands over one text, which is
 * the answer, and no request maps or writes a row. The row's columns have the names of the fields.
 */
export function jsonOf(fields: Fields): SQL {
  const members = Object.entries(fields).map(
    ([key, field]) => sql`${sql.raw(`'${key}'`)}, ${valueOf(sql.raw(key), field)}`,
  )
  return sql`json_object(${sql.join(members, sql`, `)})`
}

/** The fields as the columns of a SELECT. */
export const columnsOf = (fields: Fields): SQL =>
  sql.join(
    Object.entries(fields).map(([key, field]) =>
      field ? sql`${field} AS ${sql.raw(key)}` : sql.raw(key),
    ),
    sql`, `,
  )

/** SQLite has no boolean, and keeps JSON as text: these two it must be told. */
function valueOf(name: SQL, field: Column | SQL | null) {
  const type = is(field, Column) ? field.dataType : undefined
  if (type === 'boolean') return sql`json(iif(${name}, 'true', 'false'))`
  if (type === 'json') return sql`json(${name})`
  return name
}
