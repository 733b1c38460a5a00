import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { columnsOf, jsonOf, type Fields } from './json.ts'
import { prepared, type Values } from './prepared.ts'
import type { Session } from './session.ts'

/** A page as asked for: `page` from 1, `pageSize` rows. */
export type PageRequest = { page: number; pageSize: number }

/** A page as found: the JSON text of its rows, their ids, and the number of rows of the whole list. */
export type Page = PageRequest & { json: string; ids: readonly number[]; totalCount: number }

/** Reads one page of a list in one round trip; `values` are those that the list's condition names. */
export type ReadPage = (db: Session, request: PageRequest, values?: Values) => Promise<Page>

/** A list cut by COUNT and OFFSET: for filters, whose matches are few and read from their own index. */
export const listByOffset = (fields: Fields, table: SQL, id: SQL, matching: SQL): ReadPage =>
  readPage(
    fields,
    sql`SELECT ${columnsOf(fields)} FROM ${table}
      WHERE ${matching} ORDER BY ${id} LIMIT :size OFFSET :skipped`,
    sql`SELECT count(*) FROM ${table} WHERE ${matching}`,
  )

/**
 * `rows` are ordered and limited, so SQLite must make them in their order, and the arrays take them as they
 * come. An ORDER BY of the arrays' own would read every row again from a sorter.
 */
export function readPage(fields: Fields, rows: SQL, total: SQL): ReadPage {
  const read = prepared(
    sql`SELECT json_group_array(${jsonOf(fields)}) AS json, json_group_array(id) AS ids,
      (${total}) AS total FROM (${rows})`,
  )
  return async (db, request, values = {}) => {
    const size = request.pageSize
    const skipped = (request.page - 1) * size
    const cut = { first: skipped + 1, last: skipped + size, skipped, size }
    const [answer] = await db.batch<{ json: string; ids: string; total: number }>([
      read(db, { ...values, ...cut }),
    ])
    const { json = '[]', ids = '[]', total = 0 } = answer?.results[0] ?? {}
    return { ...request, json, ids: JSON.parse(ids), totalCount: total }
  }
}
