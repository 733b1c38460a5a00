import { factory } from '../factory.ts'

/** Answers may hold PHI: no cache keeps one whose route has not said otherwise. */
export const forbidStoring = factory.createMiddleware(async (c, next) => {
  await next()
  if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store')
})
