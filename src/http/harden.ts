import type { Context } from 'hono'
import { factory, type Env } from '../env.ts'
import { refusal } from './errors.ts'

/**
 * Answers may hold personal data, so no cache stores them and no browser runs them, unless the route says otherwise.
 * Plain HTTP is refused before the token is looked at.
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

/**
 * Trusts the proxy's `X-Forwarded-Proto`. Without it, only Cloudflare (`CF-Ray`) counts: a local server may use http.
 */
function isPlain({ req }: Context<Env>): boolean {
  const scheme = req.header('X-Forwarded-Proto')
  if (scheme !== undefined) return scheme === 'http'
  return req.header('CF-Ray') !== undefined && req.url.startsWith('http:')
}
