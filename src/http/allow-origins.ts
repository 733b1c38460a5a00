import { cors } from 'hono/cors'
import { factory } from '../env.ts'
import { HEADERS, REQUEST_HEADERS } from './headers.ts'

const ONE_DAY_IN_SECONDS = 86_400

/**
 * Answers the browsers of the origins in `CORS_ORIGINS` (Fetch standard, CORS protocol), before
 * authentication: a preflight carries no token. Any other origin is answered as if CORS did not exist. Every answer
 * says that it depends on the origin, so that no cache gives one page the answer of another.
 */
export const allowOrigins = factory.createMiddleware(async (c, next) => {
  const origin = c.req.header('Origin')
  if (origin && isAllowed(origin, c.env.CORS_ORIGINS)) return await allow(c, next)

  await next()
  c.header('Vary', 'Origin', { append: true })
})

/** A browser writes an origin in small letters, without a slash; whoever configures it may not. */
const isAllowed = (origin: string, allowed = '') =>
  allowed
    .toLowerCase()
    .split(',')
    .some((one) => one.trim().replace(/\/$/, '') === origin)

const allow = cors({
  origin: (origin) => origin,
  allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowHeaders: [
    'Content-Type',
    'X-User-Token',
    ...Object.values(REQUEST_HEADERS).map(({ name }) => name),
  ],
  exposeHeaders: Object.keys(HEADERS),
  maxAge: ONE_DAY_IN_SECONDS,
})
