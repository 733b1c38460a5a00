import { BOOKMARK, databaseOf } from '../db/session.ts'
import { factory } from '../factory.ts'
import { INVALID } from '../fields/messages.ts'
import { invalid } from './errors.ts'
import { BOOKMARK_HEADER } from './headers.ts'

/**
 * Opens a D1 session at the client's bookmark and answers with the new one, so that a clinic reads its own
 * writes from any replica. Without one a read goes to the nearest copy and a write to the primary.
 */
export const openSession = factory.createMiddleware(async (c, next) => {
  const bookmark = c.req.header(BOOKMARK_HEADER)
  if (bookmark !== undefined && !BOOKMARK.test(bookmark)) {
    throw invalid({ [BOOKMARK_HEADER]: [INVALID] })
  }
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
  const db = databaseOf(c.env, bookmark ?? (isRead ? 'first-unconstrained' : 'first-primary'))
  c.set('db', db)

  await next()

  const reached = db.bookmark()
  if (reached !== undefined) c.res.headers.set(BOOKMARK_HEADER, reached)
})
