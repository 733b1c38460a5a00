import { sql, type SQL } from 'drizzle-orm/sql/sql'
import type { ListQuery, Page } from '../fields/paging.ts'
import { columnsOf, jsonOf } from '../storage/json.ts'
import type { Session } from '../storage/session.ts'
import { first, statements } from '../storage/statement.ts'
import { deletedCount, idAtRank } from './deletions.ts'
import type { Filter, Resource } from './resource.ts'
import { highestId } from './write.ts'

/** A page, or the filter that has too many matches and the filter to add. */
type Listed = Page | { filter: string; add: string }

type Row = { json: string; ids: string; total: number }

const pageOf = ({ json = '[]', ids = '[]', total = 0 }: Partial<Row> = {}) => ({
  json,
  ids: JSON.parse(ids),
  totalCount: total,
})

/** Lists a clinic's records: all of them by rank, or those that match the filters, through the index of one filter. */
export function lister(resource: Resource) {
  const { table, filters, answered } = resource
  const asPage = sql`json_group_array(${jsonOf(answered, {})}) AS json, json_group_array(id) AS ids`

  const ofPlaces = { clinicId: 'text', rank: 'integer', size: 'integer' } as const
  const ofAll = statements(`list ${resource.name}`, ofPlaces)
  const selectAll = ofAll.statement<Row>(sql`
    SELECT ${asPage}, (SELECT ${highestId(resource)} - ${deletedCount(resource)}) AS total FROM (
      SELECT ${columnsOf(answered)} FROM ${table}
      WHERE clinic_id = ${ofAll.$.clinicId} AND id >= ${idAtRank(resource, ofAll.$.rank)}
      ORDER BY id LIMIT ${ofAll.$.size})`)

  const filterTypes: Record<string, 'text?' | 'integer?'> = Object.fromEntries(
    Object.entries(filters).map(([name, { type }]) => [name, `${type}?` as const]),
  )
  const types = { clinicId: 'text', size: 'integer', skipped: 'integer', most: 'integer' } as const
  const matching = statements(`filter ${resource.name}`, { ...types, ...filterTypes })

  /** Finds rows through the index of one filter, in its order; the other filters, if given, narrow them. */
  function selectBy(leading: string, { index, order, where }: Filter & { index: string }) {
    const { $, statement } = matching
    const named: Readonly<Record<string, SQL>> = $
    const value = (name: string) => named[name] ?? sql`NULL`
    const others = Object.entries(filters)
      .filter(([name]) => name !== leading)
      .map(([name, other]) => sql`AND (${value(name)} IS NULL OR ${other.where(value(name))})`)
    const matches = sql`${table} INDEXED BY ${sql.raw(index)}
        WHERE clinic_id = ${$.clinicId} AND ${where(value(leading))} ${sql.join(others, sql` `)}`
    return statement<Row>(sql`
      SELECT ${asPage}, (SELECT count(*) FROM (SELECT 1 FROM ${matches} LIMIT ${$.most})) AS total FROM (
        SELECT ${columnsOf(answered)} FROM ${matches}
        ORDER BY ${order} LIMIT ${$.size} OFFSET min(${$.skipped}, ${$.most}))`)
  }
  const leaders = Object.entries(filters).flatMap(([name, filter]) =>
    filter.index === undefined ? [] : [{ name, filter, select: selectBy(name, filter) }],
  )

  return async (db: Session, clinicId: string, query: ListQuery): Promise<Listed> => {
    const size = query.page_size
    const skipped = (query.page - 1) * size

    const leader = leaders.find(({ name }) => query[name] !== undefined)
    if (!leader) return pageOf(await first(db, selectAll, { clinicId, rank: skipped + 1, size }))

    const { most: limit } = leader.filter
    const most = (limit?.matches ?? Number.MAX_SAFE_INTEGER - 1) + 1
    const given = Object.keys(filters).map((name) => [name, query[name] ?? null])
    const values = { ...Object.fromEntries(given), clinicId, size, skipped, most }
    const page = pageOf(await first(db, leader.select, values))
    return limit && page.totalCount > limit.matches ? { filter: leader.name, add: limit.add } : page
  }
}
