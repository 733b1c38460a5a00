import type { Page } from '../storage/pages.ts'
import type { ListQuery } from '../fields/paging.ts'

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

/** A query in one spelling: the known keys in alphabetical order, those that are set. */
export const searchOf = (query: ListQuery): string =>
  Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encodeURIComponent(value ?? '').replaceAll('%20', '+')}`)
    .join('&')
