import { asc, between, count, sql, and, type SQL, type SQLWrapper } from 'drizzle-orm'
import {
  QueryBuilder,
  type SelectedFields,
  type SQLiteColumn,
  type SQLiteTable,
} from 'drizzle-orm/sqlite-core'
import type { Client } from './client.ts'
import { jsonOf } from './json.ts'
import { prepared } from './prepared.ts'
import type { dependents, personInformations } from './tables.ts'

/** A page as asked for: `page` from 1, `pageSize` rows. */
export type PageRequest = { page: number; pageSize: number }

/** A page as found: the JSON text of its rows, their ids, and the number of rows of the whole list. */
export type Page = PageRequest & { json: string; ids: readonly number[]; totalCount: number }

/** Reads one page of a list in one round trip; `values` fill the placeholders of the list's condition. */
type ReadPage = (
  db: Client,
  request: PageRequest,
  values?: Record<string, unknown>,
) => Promise<Page>

/** Tables whose records are numbered 1, 2, 3 … within a clinic. */
export type Numbered = typeof personInformations | typeof dependents

const select = (fields: SelectedFields, table: SQLiteTable) =>
  new QueryBuilder().select(fields).from(table).$dynamic()

/**
 * A list whose pages are ranges of `position`, which numbers the rows of `scope` 1, 2, 3 … without a gap:
 * the same few index seeks on page 1 and on page 40,000.
 */
export const listByPosition = (
  fields: SelectedFields,
  table: SQLiteTable,
  position: SQLiteColumn,
  scope?: SQL,
): ReadPage =>
  readPage(
    fields,
    select(fields, table)
      .where(and(scope, between(position, sql.placeholder('first'), sql.placeholder('last'))))
      .orderBy(asc(position))
      .limit(sql.placeholder('size')),
    select({ total: sql`coalesce(max(${position}), 0)`.as('total') }, table).where(scope),
  )

/** A list cut by COUNT and OFFSET: for filters, whose matches are few and read from their own index. */
export const listByOffset = (
  fields: SelectedFields,
  table: SQLiteTable,
  id: SQLiteColumn,
  matching: SQL | undefined,
): ReadPage =>
  readPage(
    fields,
    select(fields, table)
      .where(matching)
      .orderBy(asc(id))
      .limit(sql.placeholder('size'))
      .offset(sql.placeholder('skipped')),
    select({ total: count().as('total') }, table).where(matching),
  )

/**
 * `rows` are ordered and limited, so SQLite must make them in their order, and the arrays take them as they
 * come. An ORDER BY of the arrays' own would read every row again from a sorter.
 */
function readPage(fields: SelectedFields, rows: SQLWrapper, total: SQLWrapper): ReadPage {
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

/** The position of the clinic's next record, for use inside its INSERT. */
export const nextPosition = (table: Numbered) =>
  sql<number>`1 + (SELECT coalesce(max(${table.position}), 0) FROM ${table} WHERE ${table.clinicId} = ${sql.placeholder('clinicId')})`
