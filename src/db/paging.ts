import { asc, between, count, sql, and, type SQL, type SQLWrapper } from 'drizzle-orm'
import type { SelectResultFields } from 'drizzle-orm/query-builders/select.types'
import {
  QueryBuilder,
  type SelectedFields,
  type SQLiteColumn,
  type SQLiteTable,
} from 'drizzle-orm/sqlite-core'
import type { Database } from './client.ts'
import { prepared } from './prepared.ts'
import type { dependents, personInformations } from './tables.ts'

/** A page as asked for: `page` from 1, `pageSize` rows. */
export type PageRequest = { page: number; pageSize: number }

/** A page as found: its rows and the number of rows of the whole list. */
export type Page<Row> = PageRequest & { rows: Row[]; totalCount: number }

/** Reads one page of a list in one round trip; `values` fill the placeholders of the list's condition. */
type ReadPage<Row> = (
  db: Database,
  request: PageRequest,
  values?: Record<string, unknown>,
) => Promise<Page<Row>>

/** Tables whose records are numbered 1, 2, 3 … within a clinic. */
export type Numbered = typeof personInformations | typeof dependents

const select = (fields: SelectedFields, table: SQLiteTable) =>
  new QueryBuilder().select(fields).from(table).$dynamic()

/**
 * A list whose pages are ranges of `position`, which numbers the rows of `scope` 1, 2, 3 … without a gap:
 * the same few index seeks on page 1 and on page 40,000.
 */
export const listByPosition = <Fields extends SelectedFields>(
  fields: Fields,
  table: SQLiteTable,
  position: SQLiteColumn,
  scope?: SQL,
): ReadPage<SelectResultFields<Fields>> =>
  readPage(
    select(fields, table)
      .where(and(scope, between(position, sql.placeholder('first'), sql.placeholder('last'))))
      .orderBy(asc(position)),
    select({ total: sql`coalesce(max(${position}), 0)`.as('total') }, table).where(scope),
  )

/** A list cut by COUNT and OFFSET: for filters, whose matches are few and read from their own index. */
export const listByOffset = <Fields extends SelectedFields>(
  fields: Fields,
  table: SQLiteTable,
  id: SQLiteColumn,
  matching: SQL | undefined,
): ReadPage<SelectResultFields<Fields>> =>
  readPage(
    select(fields, table)
      .where(matching)
      .orderBy(asc(id))
      .limit(sql.placeholder('size'))
      .offset(sql.placeholder('skipped')),
    select({ total: count().as('total') }, table).where(matching),
  )

function readPage<Row>(rows: SQLWrapper, total: SQLWrapper): ReadPage<Row> {
  const selectRows = prepared(rows)
  const selectTotal = prepared(total)
  return async (db, request, values = {}) => {
    const skipped = (request.page - 1) * request.pageSize
    const cut = { first: skipped + 1, last: skipped + request.pageSize, skipped }
    // D1 types all the rows of a batch alike.
    const [found, counted] = await db.$client.batch<Row & { total: number }>([
      selectRows(db, { ...values, ...cut, size: request.pageSize }),
      selectTotal(db, values),
    ])
    return {
      ...request,
      rows: found?.results ?? [],
      totalCount: counted?.results[0]?.total ?? 0,
    }
  }
}

/** The position of the clinic's next record, for use inside its INSERT. */
export const nextPosition = (table: Numbered) =>
  sql<number>`1 + (SELECT coalesce(max(${table.position}), 0) FROM ${table} WHERE ${table.clinicId} = ${sql.placeholder('clinicId')})`
