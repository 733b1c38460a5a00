import { Column, is, sql, type SQL } from 'drizzle-orm'
import type { SelectedFields } from 'drizzle-orm/sqlite-core'

/**
 * A row as SQLite writes it in JSON, its keys in the order of `fields`: D1 then hands over one text, which is
 * the answer, and no request maps or writes a row. The row's columns have the names of the fields.
 */
export const jsonOf = (fields: SelectedFields): SQL<string> => {
  const members = Object.entries(fields).map(
    ([key, field]) => sql`${sql.raw(`'${key}'`)}, ${valueOf(sql.identifier(key), field)}`,
  )
  return sql<string>`json_object(${sql.join(members, sql`, `)})`
}

/** SQLite has no boolean, and keeps JSON as text: these two it must be told. */
function valueOf(name: SQL | ReturnType<typeof sql.identifier>, field: SelectedFields[string]) {
  const type = is(field, Column) ? field.dataType : undefined
  if (type === 'boolean') return sql`json(iif(${name}, 'true', 'false'))`
  if (type === 'json') return sql`json(${name})`
  return sql`${name}`
}
