import type { Context } from 'hono'
import { factory, type Env } from '../factory.ts'
import { renderMethodNotAllowed } from '../http/errors.ts'

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

const PAGE = /^\/docs\/?$/

const READS = ['GET', 'HEAD']
const isRead = (c: Context<Env>) => READS.includes(c.req.method)

/** A file as it was built, undefined if there is none; 304 if the request's copy is still good. */
export async function builtFile(c: Context<Env>, path: string): Promise<Response | undefined> {
  const url = new URL(path, c.req.url)
  const found = await c.env.ASSETS.fetch(
    new Request(url, isRead(c) ? c.req.raw : { method: 'HEAD' }),
  )
  // Its own headers cannot be added to.
  return found.status === 404 ? undefined : new Response(found.body, found)
}

/** Serves the page of the reference and its files. */
export const serveReference = factory.createMiddleware(async (c, next) => {
  const file = await builtFile(c, PAGE.test(c.req.path) ? '/docs/index.html' : c.req.path)
  if (!file) return next()
  if (!isRead(c)) return renderMethodNotAllowed(c, READS)

  file.headers.set('Content-Security-Policy', POLICY)
  return file
})
