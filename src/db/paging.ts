import { and, between, count, sql, type AnyColumn, type SQL } from 'drizzle-orm'
import type { dependents, personInformations } from './tables.ts'

/** A page as asked for: `page` from 1, `pageSize` rows. */
export type PageRequest = { page: number; pageSize: number }

/** A page as found: its rows and the number of rows of the whole list. */
export type Page<Row> = PageRequest & { rows: Row[]; totalCount: number }

/** Tables whose records are numbered 1, 2, 3 … within a clinic. */
type Numbered = typeof personInformations | typeof dependents

/**
 * How a list is cut: `counted` bounds `total`; `where`, `limit` and `offset` bound the rows. Both orders are
 * the order of making; `order` is the one that the index at hand already keeps.
 */
type Cut = {
  total: SQL<number>
  counted: SQL | undefined
  where: SQL | undefined
  order: AnyColumn
  limit: number
  offset: number
}

/**
 * Cuts by position: the same few index seeks on page 1 and on page 40,000. `position` numbers the rows of
 * `scope` 1, 2, 3 … without a gap.
 */
export function cutByPosition(
  position: AnyColumn,
  scope: SQL | undefined,
  { page, pageSize }: PageRequest,
): Cut {
  return {
    total: sql<number>`coalesce(max(${position}), 0)`,
    counted: scope,
    where: and(scope, between(position, (page - 1) * pageSize + 1, page * pageSize)),
    order: position,
    limit: pageSize,
    offset: 0,
  }
}

/** Cuts by COUNT and OFFSET, for filtered lists, which are short and read from their own index. */
export function cutByOffset(
  id: AnyColumn,
  matching: SQL | undefined,
  { page, pageSize }: PageRequest,
): Cut {
  return {
    total: sql<number>`${count()}`,
    counted: matching,
    where: matching,
    order: id,
    limit: pageSize,
    offset: (page - 1) * pageSize,
  }
}

/** The position of the clinic's next record, for use inside its INSERT. */
export const nextPosition = (table: Numbered, clinicId: string) =>
  sql<number>`1 + (SELECT coalesce(max(${table.position}), 0) FROM ${table} WHERE ${table.clinicId} = ${clinicId})`
