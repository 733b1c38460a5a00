import { BOOKMARK, openClient } from '../db/client.ts'
import { factory } from '../factory.ts'
import { INVALID } from '../fields/messages.ts'
import { ApiError } from './errors.ts'

const BOOKMARK_HEADER = 'x-d1-bookmark'

/**
 * Opens a D1 session at the client's bookmark and answers with the new one, so that a clinic reads its own
 * writes from any replica. Without one a read goes to the nearest copy and a write to the primary.
 */
export const openDatabase = factory.createMiddleware(async (c, next) => {
  const bookmark = c.req.header(BOOKMARK_HEADER)
  if (bookmark !== undefined && !BOOKMARK.test(bookmark)) {
    throw new ApiError(422, { [BOOKMARK_HEADER]: [INVALID] })
  }
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
  const session = c.env.DB.withSession(
    bookmark ?? (isRead ? 'first-unconstrained' : 'first-primary'),
  )
  c.set('db', openClient(session))

  await next()

  const reached = session.getBookmark()
  if (reached !== null) c.res.headers.set(BOOKMARK_HEADER, reached)
})
