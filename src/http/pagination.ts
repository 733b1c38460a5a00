import type { Context } from 'hono'
import type { Page } from '../storage/pages.ts'
import type { Env } from '../env.ts'
import type { ListQuery } from '../fields/paging.ts'
import { jsonText } from './json-answer.ts'

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
  const url = new URL(c.req.path, c.req.url).href
  return jsonText(c, 200, listBody(key, page), { Link: linkHeader(url, page, query) })
}

/** RFC 8288: first, prev, next and last, those that apply; absolute, with page and filters spelled out. */
export function linkHeader(url: string, page: Page, query: ListQuery): string {
  const [path] = url.split('?', 1)
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
    links.push(`<${path}?${searchOf({ ...query, page: target })}>; rel="${relation}"`)
  }
  return links.join(', ')
}

/** A good query is worked out once and remembered, so it is spelled once as well. */
const spelled = new WeakMap<ListQuery, string>()

/** A query in one spelling: the known keys in alphabetical order, those that are set. */
export function searchOf(query: ListQuery): string {
  const known = spelled.get(query)
  if (known !== undefined) return known

  const pairs = []
  for (const key of Object.keys(query).sort()) {
    const value = query[key]
    if (value !== undefined)
      pairs.push(`${key}=${encodeURIComponent(value).replaceAll('%20', '+')}`)
  }
  const search = pairs.join('&')
  spelled.set(query, search)
  return search
}
