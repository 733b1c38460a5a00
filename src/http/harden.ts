import type { Context } from 'hono'
import { factory, type Env } from '../env.ts'
import { refusal } from './errors.ts'

/**
 * Answers may hold personal data: no cache keeps one and no browser runs one, unless its route says otherwise. Where a
 * proxy says that the client uses plain HTTP, nothing is answered at all, and no token looked at.
 */
export const harden = factory.createMiddleware(async (c, next) => {
  if (isPlain(c)) throw refusal('plainHttp')

  await next()

  const { headers } = c.res
  if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store')
  if (!headers.has('Content-Security-Policy')) {
    headers.set('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'")
  }
})

/** Cloudflare sets `CF-Ray`. A local server has no proxy, or a tunnel's, which says how its client came. */
function isPlain({ req }: Context<Env>): boolean {
  const scheme = req.header('X-Forwarded-Proto')
  if (scheme !== undefined) return scheme === 'http'
  return req.header('CF-Ray') !== undefined && req.url.startsWith('http:')
}
