import type { Context } from 'hono'
import * as z from 'zod'
import type { Page } from '../db/paging.ts'
import type { Env } from '../factory.ts'
import { queryInteger } from '../fields/number.ts'
import { jsonText } from './json-answer.ts'

const LARGEST_PAGE_SIZE = 100
const DEFAULT_PAGE_SIZE = 25
/** The last page whose rows all have positions that a double holds exactly. */
const LAST_PAGE = Math.floor(Number.MAX_SAFE_INTEGER / LARGEST_PAGE_SIZE)

/** The parameters that every list takes. */
export const paging = {
  page: queryInteger(LAST_PAGE).default(1).meta({ description: 'Which page, from 1.' }),
  page_size: queryInteger(LARGEST_PAGE_SIZE)
    .default(DEFAULT_PAGE_SIZE)
    .meta({ description: 'Records a page.' }),
}

/** The `pagination` of the envelope, as it is answered. */
export const pagination = z
  .object({
    current_page: z.int().positive(),
    total_pages: z.int().nonnegative().meta({ description: '0 if the list is empty.' }),
    total_count: z.int().nonnegative(),
    per_page: z.int().positive().max(LARGEST_PAGE_SIZE),
  })
  .meta({
    id: 'Pagination',
    examples: [{ current_page: 1, total_pages: 1, total_count: 1, per_page: DEFAULT_PAGE_SIZE }],
  })

type ListQuery = {
  page: number
  page_size: number
  [filter: string]: string | number | boolean | undefined
}

/** The page that a validated query asks for. */
export const pageRequest = (query: ListQuery) => ({ page: query.page, pageSize: query.page_size })

/** The list envelope in JSON, around rows that are JSON already. */
export function listBody(key: string, page: Page): string {
  const pagination = JSON.stringify({
    current_page: page.page,
    total_pages: Math.ceil(page.totalCount / page.pageSize),
    total_count: page.totalCount,
    per_page: page.pageSize,
  })
  return `{"${key}":${page.json},"pagination":${pagination}}`
}

/** Answers a list with its `Link` header. `query` is the validated one: its filters are kept. */
export function paginated(c: Context<Env>, key: string, page: Page, query: ListQuery) {
  c.set('recordIds', page.ids)
  return jsonText(c, 200, listBody(key, page), { Link: linkHeader(c.req.url, page, query) })
}

/** RFC 8288: first, prev, next and last, those that apply; absolute, with page and filters spelled out. */
export function linkHeader(url: string, page: Page, query: ListQuery): string {
  const { origin, pathname } = new URL(url)
  const search = new URLSearchParams(searchOf(query))
  const last = Math.ceil(page.totalCount / page.pageSize)
  const targets = {
    first: 1,
    prev: Math.min(page.page - 1, last),
    next: page.page + 1,
    last,
  }
  const links = []
  for (const [relation, target] of Object.entries(targets)) {
    if (target < 1 || target > Math.max(last, 1)) continue
    search.set('page', String(target))
    links.push(`<${origin}${pathname}?${search}>; rel="${relation}"`)
  }
  return links.join(', ')
}

/** A query in one spelling: the known keys in alphabetical order, those that are set. */
export function searchOf(query: ListQuery): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)]],
  )
  return new URLSearchParams(pairs.sort()).toString()
}
