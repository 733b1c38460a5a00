import { factory } from '../env.ts'
import { refusal } from './errors.ts'

/** A URL of plain HTTP, but for those of the machine itself. */
const PLAIN = /^http:(?!\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?\/)/i

/**
 * Answers may hold personal data: no cache keeps one and no browser runs one, unless its route says otherwise. Over
 * plain HTTP nothing is answered at all, and no token looked at, but on the machine itself.
 */
export const harden = factory.createMiddleware(async (c, next) => {
  if (PLAIN.test(c.req.url)) throw refusal('plainHttp')

  await next()

  const { headers } = c.res
  if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store')
  if (!headers.has('Content-Security-Policy')) {
    headers.set('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'")
  }
})
