/** What every handler of the bare Worker is given. */
export type Asked = {
  request: Request
  url: URL
  env: { SSN_PUBLIC_KEY?: string; DB: D1Database }
  ctx: ExecutionContext
  session: D1DatabaseSession
  requestId: string
  clinicId: string
  tokenId: string
}

export type Row = Readonly<Record<string, unknown>>

export const refusal = (status: number, errors: string) => json(JSON.stringify({ errors }), status)

export const json = (
  body: BodyInit | null,
  status = 200,
  headers: Record<string, string> = {},
  type: Record<string, string> = { 'Content-Type': 'application/json' },
) =>
  new Response(body, {
    status,
    headers: {
      ...type,
      'Cache-Control': 'no-store',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Origin-Agent-Cluster': '?1',
      'Referrer-Policy': 'no-referrer',
      'Strict-Transport-Security': 'max-age=15552000; includeSubDomains',
      Vary: 'Origin',
      'X-Content-Type-Options': 'nosniff',
      'X-DNS-Prefetch-Control': 'off',
      'X-Download-Options': 'noopen',
      'X-Frame-Options': 'SAMEORIGIN',
      'X-Permitted-Cross-Domain-Policies': 'none',
      'X-XSS-Protection': '0',
      ...headers,
    },
  })

/** A positive integer in digits, or null. */
export function positive(text: string): number | null {
  if (!/^\d+$/.test(text)) return null
  const value = Number(text)
  return value > 0 && Number.isSafeInteger(value) ? value : null
}

/** A list, whose rows are JSON already. */
export const listBody = (key: string, rows: unknown, page: number, size: number, total: number) =>
  `{"${key}":${String(rows)},"pagination":{"current_page":${page},"total_pages":${Math.ceil(total / size)},"total_count":${total},"per_page":${size}}}`

/** The `Link` of a page; `before` and `after` are the filters on either side of the paging, by alphabet. */
export function link(
  url: URL,
  page: number,
  size: number,
  total: number,
  before = '',
  after = '',
): string {
  const last = Math.ceil(total / size)
  const at = (target: number, relation: string) =>
    `<${url.origin}${url.pathname}?${before}page=${target}&page_size=${size}${after}>; rel="${relation}"`
  const links = [at(1, 'first')]
  if (page > 1) links.push(at(Math.min(page - 1, last), 'prev'))
  if (page < last) links.push(at(page + 1, 'next'))
  if (last > 0) links.push(at(last, 'last'))
  return links.join(', ')
}

/** The trail's row of a read, written after the answer as the service does. */
export function leaveTrail(asked: Asked, action: string, resource: string, ids: string): void {
  const ascending: number[] = JSON.parse(ids)
  asked.ctx.waitUntil(
    append(
      asked,
      action,
      resource,
      ascending.sort((a, b) => a - b),
    ),
  )
}

async function append(
  { session, clinicId, requestId, tokenId }: Asked,
  action: string,
  resource: string,
  ids: number[],
): Promise<void> {
  const at = new Date().toISOString()
  await scheduler.wait(0)
  await session.batch([
    session
      .prepare(
        'INSERT INTO accesses (clinic_id, at, request_id, token_id, action, resource, ids, status) VALUES (?, ?, ?, ?, ?, ?, ?, 200) ON CONFLICT DO NOTHING',
      )
      .bind(clinicId, at, requestId, tokenId, action, resource, rangesOf(ids)),
  ])
}

/** Ascending ids, such as `1-25,31`. */
export function rangesOf(ids: number[]): string {
  let ranges = ''
  for (let n = 0; n < ids.length; n++) {
    const first = ids[n] ?? 0
    while (ids[n + 1] === (ids[n] ?? 0) + 1) n++
    const last = ids[n] ?? 0
    ranges += `${ranges && ','}${first === last ? first : `${first}-${last}`}`
  }
  return ranges
}
