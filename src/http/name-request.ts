import { factory } from '../env.ts'

/** Gives the request an id of our own making: one sent by a client could carry anything into the logs. */
export const nameRequest = factory.createMiddleware(async (c, next) => {
  c.set('requestId', crypto.randomUUID())
  await next()
  c.res.headers.set('X-Request-Id', c.get('requestId'))
})
