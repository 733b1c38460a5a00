import { CasingCache } from 'drizzle-orm/casing'
import type { SQL } from 'drizzle-orm/sql/sql'
import type { Session } from './session.ts'

export type Values = Record<string, string | number | null>

/** A statement of one request, with the values that its SQL names. */
export type Prepared = (db: Session, values: Values) => D1PreparedStatement

/** A name such as `:clinicId`; what stands in quotes is text. */
const NAME = /'[^']*'|:(\w+)/g

/**
 * Writes a query's SQL once for all the requests of an isolate. Its values stand in it by name, such as
 * `:clinicId`. D1 knows parameters by number alone, so each name gets one.
 */
export function prepared(query: SQL): Prepared {
  const { sql, params } = query.toQuery({
    casing: new CasingCache(),
    escapeName: (name) => `"${name}"`,
    escapeParam: () => '?',
    escapeString: (text) => `'${text}'`,
  })
  if (params.length > 0) throw new Error('a value stands in SQL by its name')

  const names: string[] = []
  const numbered = sql.replace(NAME, (found, name: string | undefined) => {
    if (name === undefined) return found
    if (!names.includes(name)) names.push(name)
    return `?${names.indexOf(name) + 1}`
  })
  return (db, values) => db.prepare(numbered).bind(...names.map((name) => values[name]))
}
