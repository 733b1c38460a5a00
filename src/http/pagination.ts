import type { Context } from 'hono'
import type { Page } from '../db/paging.ts'
import type { Env } from '../factory.ts'
import { queryInteger } from '../fields/number.ts'

const LARGEST_PAGE_SIZE = 100
const DEFAULT_PAGE_SIZE = 25
/** The last page whose rows all have positions that a double holds exactly. */
const LAST_PAGE = Math.floor(Number.MAX_SAFE_INTEGER / LARGEST_PAGE_SIZE)

/** The parameters that every list takes. */
export const paging = {
  page: queryInteger(LAST_PAGE).default(1),
  page_size: queryInteger(LARGEST_PAGE_SIZE).default(DEFAULT_PAGE_SIZE),
}

type ListQuery = {
  page: number
  page_size: number
  [filter: string]: string | number | boolean | undefined
}

/** The page that a validated query asks for. */
export const pageRequest = (query: ListQuery) => ({ page: query.page, pageSize: query.page_size })

/** The `pagination` of the envelope. */
export const paginationOf = (page: Page<unknown>) => ({
  current_page: page.page,
  total_pages: Math.ceil(page.totalCount / page.pageSize),
  total_count: page.totalCount,
  per_page: page.pageSize,
})

/** The list envelope and its `Link` header. `query` is the validated one: its filters are kept. */
export function paginated<Key extends string>(
  c: Context<Env>,
  key: Key,
  page: Page<{ id: number }>,
  query: ListQuery,
) {
  c.set(
    'recordIds',
    page.rows.map(({ id }) => id),
  )
  c.header('Link', linkHeader(c.req.url, page, query))
  return c.json({ [key]: page.rows, pagination: paginationOf(page) })
}

/** RFC 8288: first, prev, next and last, those that apply; absolute, with page and filters spelled out. */
export function linkHeader(url: string, page: Page<unknown>, query: ListQuery): string {
  const last = Math.ceil(page.totalCount / page.pageSize)
  const targets = {
    first: 1,
    prev: Math.min(page.page - 1, last),
    next: page.page + 1,
    last,
  }
  const applies = (target: number) => target >= 1 && target <= Math.max(last, 1)
  return Object.entries(targets)
    .filter(([, target]) => applies(target))
    .map(([relation, target]) => `<${pageUrl(url, query, target)}>; rel="${relation}"`)
    .join(', ')
}

function pageUrl(url: string, query: ListQuery, page: number): string {
  const target = new URL(url)
  target.search = searchOf({ ...query, page })
  return target.href
}

/** A query in one spelling: the known keys in alphabetical order, those that are set. */
export function searchOf(query: ListQuery): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)]],
  )
  return new URLSearchParams(pairs.sort()).toString()
}
