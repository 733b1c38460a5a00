import type { Context } from 'hono'
import { factory, type Env } from '../factory.ts'
import { refusal } from './errors.ts'
import { FAILURE_POLICY, TOKEN_POLICY } from './headers.ts'
import { log } from './log.ts'

/** Refuses a token's requests beyond its rate. Each edge location counts for itself. */
export const limitRate = factory.createMiddleware(async (c, next) => {
  await refuseBeyond(c, c.env.TOKEN_RATE_LIMIT, c.get('caller').tokenId, TOKEN_POLICY)
  await next()
})

/** Counts a failed authentication, and slows down an address that guesses. */
export async function limitFailures(c: Context<Env>): Promise<void> {
  const address = c.req.header('CF-Connecting-IP') ?? 'unknown'
  await refuseBeyond(c, c.env.FAILURE_RATE_LIMIT, subscriberOf(address), FAILURE_POLICY)
}

/** Whom an address belongs to: an IPv6 subscriber has a whole /64 (RFC 6177) to guess from. */
function subscriberOf(address: string): string {
  if (!address.includes(':')) return address
  const [before = '', after] = address.split('::')
  const groups = before.split(':')
  const left = after === undefined ? 0 : 8 - groups.length - after.split(':').length
  return [...groups, ...Array(Math.max(left, 0)).fill('0')].slice(0, 4).join(':')
}

async function refuseBeyond(
  c: Context<Env>,
  binding: RateLimit | undefined,
  key: string,
  { name, limit, period }: typeof TOKEN_POLICY,
): Promise<void> {
  if (binding === undefined || (await isWithin(c, binding, key))) return
  // draft-ietf-httpapi-ratelimit-headers: a quota of q in a window of w seconds.
  throw refusal('tooManyRequests', {
    'RateLimit-Policy': `"${name}";q=${limit};w=${period}`,
  })
}

/** A limiter that fails lets everyone through: it protects against load, the token against strangers. */
async function isWithin(c: Context<Env>, binding: RateLimit, key: string): Promise<boolean> {
  try {
    return (await binding.limit({ key })).success
  } catch {
    log(c, 'error', { code: 'RateLimitFailed' })
    return true
  }
}
