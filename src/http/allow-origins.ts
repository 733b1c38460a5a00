import { cors } from 'hono/cors'
import { factory } from '../env.ts'
import { HEADERS, REQUEST_HEADERS } from './headers.ts'

const ONE_DAY_IN_SECONDS = 86_400

/**
 * Answers the browsers of the origins in `CORS_ORIGINS` (Fetch standard, CORS protocol), before
 * authentication: a preflight carries no token. Any other origin is answered as if CORS did not exist.
 */
export const allowOrigins = factory.createMiddleware(async (c, next) => {
  const origin = c.req.header('Origin')
  if (!origin || !isAllowed(origin, c.env.CORS_ORIGINS)) return await next()

  return await allow(c, next)
})

const isAllowed = (origin: string, allowed = '') =>
  allowed
    .split(',')
    .map((one) => one.trim())
    .includes(origin)

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
