import { cors } from 'hono/cors'
import { factory } from '../factory.ts'

const ONE_DAY_IN_SECONDS = 86_400

/**
 * Answers the browsers of the origins in `CORS_ORIGINS` (Fetch standard, CORS protocol), before
 * authentication: a preflight carries no token. To every other origin there is no such protocol here.
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
  allowMethods: ['GET', 'HEAD', 'POST', 'PUT'],
  allowHeaders: [
    'Content-Type',
    'Idempotency-Key',
    'If-None-Match',
    'X-User-Token',
    'x-d1-bookmark',
  ],
  exposeHeaders: [
    'ETag',
    'Idempotent-Replayed',
    'Link',
    'Location',
    'RateLimit-Policy',
    'Retry-After',
    'X-Cache',
    'X-Request-Id',
    'x-d1-bookmark',
  ],
  maxAge: ONE_DAY_IN_SECONDS,
})
