import type { ListQuery, Page, PageRequest } from '../fields/paging.ts'

type Found = Pick<Page, 'json' | 'totalCount'>

/** The list envelope in JSON, around rows that are already JSON. */
export function listBody(key: string, found: Found, { page, page_size }: PageRequest): string {
  const pagination = JSON.stringify({
    current_page: page,
    total_pages: Math.ceil(found.totalCount / page_size),
    total_count: found.totalCount,
    per_page: page_size,
  })
  return `{"${key}":${found.json},"pagination":${pagination}}`
}

/** RFC 8288: first, prev, next and last, if they apply, as absolute URLs with the page and the filters. */
export function linkHeader(url: string, { totalCount }: Found, query: ListQuery): string {
  const [path] = url.split('?', 1)
  const { page, page_size } = query
  const last = Math.ceil(totalCount / page_size)
  const targets = { first: 1, prev: Math.min(page - 1, last), next: page + 1, last }
  return Object.entries(targets)
    .filter(([, target]) => target >= 1 && target <= Math.max(last, 1))
    .map(([relation, page]) => `<${path}?${searchOf({ ...query, page })}>; rel="${relation}"`)
    .join(', ')
}

/** A query in canonical form: the keys that are set, in alphabetical order. */
export const searchOf = (query: ListQuery): string =>
  Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encodeURIComponent(value ?? '').replaceAll('%20', '+')}`)
    .join('&')
