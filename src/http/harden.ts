import { factory } from '../factory.ts'
import { refusal } from './errors.ts'

const LOCAL = /^(localhost|127\.0\.0\.1|\[::1\])$/

/**
 * Answers may hold personal data: no cache keeps one and no browser runs one, unless its route says otherwise. Over
 * plain HTTP nothing is answered at all, and no token looked at, but on the machine itself.
 */
export const harden = factory.createMiddleware(async (c, next) => {
  const { protocol, hostname } = new URL(c.req.url)
  if (protocol === 'http:' && !LOCAL.test(hostname)) throw refusal('plainHttp')

  await next()

  const { headers } = c.res
  if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store')
  if (!headers.has('Content-Security-Policy')) {
    headers.set('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'")
  }
})
