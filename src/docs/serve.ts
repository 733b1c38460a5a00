import { factory } from '../factory.ts'

/**
 * Nothing but our own origin is loaded or called, and no text is run as a script. The reference styles its
 * elements in place, which is why styles, and they alone, may be inline.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Serves the reference's page and its files to who reads them. */
export const serveReference = factory.createMiddleware(async (c, next) => {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return next()

  const url = new URL(c.req.url)
  if (url.pathname === '/docs') url.pathname = '/docs/index.html'
  const file = await c.env.ASSETS.fetch(new Request(url, c.req.raw))
  if (file.status === 404) return next()

  const served = new Response(file.body, file)
  served.headers.set('Content-Security-Policy', POLICY)
  return served
})
