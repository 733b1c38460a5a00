import type { Context } from 'hono'
import { factory, type Env } from '../env.ts'
import { refusal } from './errors.ts'
import { FAILURE_POLICY, TOKEN_POLICY } from './headers.ts'
import { log } from './log.ts'

/** Refuses a token's requests beyond its rate. Each edge location counts separately. */
export const limitRate = factory.createMiddleware(async (c, next) => {
  await countRequests(c, 1)
  await next()
})

/**
 * Counts a request as several by calling the binding that often, which needs no network. Throws ApiError beyond the
 * token's rate.
 */
export async function countRequests(c: Context<Env>, requests: number): Promise<void> {
  for (let counted = 0; counted < requests; counted++) {
    const isWithin = await count(c, c.env.TOKEN_RATE_LIMIT, c.get('caller').tokenId)
    if (!isWithin) throw tooMany(TOKEN_POLICY)
  }
}

/** How many rows count as another request, and how many more requests they count as at most. */
const ROWS = 1000
const MOST_COUNTS = 10

/** Counts a request once more for each thousand rows that it reads, ten times at most. */
export const countRows = (c: Context<Env>, rows: number): Promise<void> =>
  countRequests(c, Math.min(MOST_COUNTS, Math.floor(rows / ROWS)))

/** Counts a request without a valid token against its address. Throws ApiError if that is over its rate. */
export async function limitAddress(c: Context<Env>): Promise<void> {
  if (!(await count(c, c.env.FAILURE_RATE_LIMIT, subscriberOf(c)))) throw tooMany(FAILURE_POLICY)
}

/** What an address is counted under: an IPv6 subscriber can use a whole /64 (RFC 6177), so that is one key. */
function subscriberOf(c: Context<Env>): string {
  const address = c.req.header('CF-Connecting-IP') ?? 'unknown'
  if (!address.includes(':')) return address
  const [before = '', after] = address.split('::')
  const groups = before.split(':')
  const left = after === undefined ? 0 : 8 - groups.length - after.split(':').length
  return [...groups, ...Array(Math.max(left, 0)).fill('0')].slice(0, 4).join(':')
}

/** draft-ietf-httpapi-ratelimit-headers: a quota of q in a window of w seconds. */
const tooMany = ({ name, limit, period }: typeof TOKEN_POLICY) =>
  refusal('tooManyRequests', {
    headers: { 'RateLimit-Policy': `"${name}";q=${limit};w=${period}` },
  })

/**
 * Counts a request and returns whether it is within the limit. If the limiter fails, everyone gets through: it is there
 * for load; tokens keep strangers out.
 */
async function count(c: Context<Env>, binding: RateLimit | undefined, key: string) {
  try {
    return binding === undefined || (await binding.limit({ key })).success
  } catch {
    log(c, 'error', { code: 'rateLimitFailed' })
    return true
  }
}
