import { cors } from 'hono/cors'
import { factory } from '../env.ts'
import { HEADERS, REQUEST_HEADERS } from './headers.ts'

const ONE_DAY_IN_SECONDS = 86_400

/**
 * Allows the origins in `CORS_ORIGINS` (Fetch standard, CORS protocol). It runs before authentication, since a
 * preflight carries no token. Other origins are answered as if CORS did not exist. `Vary: Origin` keeps caches from
 * giving one page another page's answer.
 */
export const allowOrigins = factory.createMiddleware(async (c, next) => {
  const origin = c.req.header('Origin')
  if (origin && isAllowed(origin, c.env.CORS_ORIGINS)) return await allow(c, next)

  await next()
  c.header('Vary', 'Origin', { append: true })
})

/** Browsers send an origin in lower case, without a slash at the end; the setting may have either. */
const isAllowed = (origin: string, allowed = '') =>
  allowed
    .toLowerCase()
    .split(',')
    .some((one) => one.trim().replace(/\/$/, '') === origin)

const OURS = Object.values(REQUEST_HEADERS).map(({ name }) => name)

const allow = cors({
  origin: (origin) => origin,
  allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowHeaders: ['Content-Type', 'X-User-Token', ...OURS],
  exposeHeaders: Object.keys(HEADERS),
  maxAge: ONE_DAY_IN_SECONDS,
})
