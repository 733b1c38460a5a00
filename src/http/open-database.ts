import { selectState } from '../clinics/queries.ts'
import { databaseOf, type Session } from '../storage/session.ts'
import { factory, type Caller } from '../env.ts'
import { NOT_A_BOOKMARK } from '../fields/messages.ts'
import { invalid, refusal } from './errors.ts'
import { BOOKMARK_HEADER, CELL_BOOKMARK } from './headers.ts'

/**
 * Opens a D1 session at the client's bookmark and answers with the new one, so that a clinic reads its own writes from
 * any replica. Without a bookmark, reads go to the nearest copy and writes to the primary. Another cell's bookmark
 * means nothing here, so its client reads from the primary.
 */
export const openDatabase = factory.createMiddleware(async (c, next) => {
  const given = c.req.header(BOOKMARK_HEADER)
  const [isBookmark, cell, bookmark = ''] = CELL_BOOKMARK.exec(given ?? '') ?? []
  if (given !== undefined && !isBookmark) throw invalid({ [BOOKMARK_HEADER]: [NOT_A_BOOKMARK] })

  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
  const anywhere = isRead && !given ? 'first-unconstrained' : 'first-primary'
  const db = databaseOf(c.env, isBookmark && cell === c.env.CELL ? bookmark : anywhere)
  c.set('db', db)

  await next()

  const reached = db.bookmark()
  if (reached === undefined) return
  const prefix = c.env.CELL === undefined ? '' : `${c.env.CELL}:`
  c.res.headers.set(BOOKMARK_HEADER, prefix + reached)
})

/**
 * A session whose batches also read the clinic's state, in the same round trip, and are refused while it is suspended.
 * Writes check the state themselves, when they insert their key.
 */
export const unlessSuspended = (db: Session, { clinicId }: Caller): Session => ({
  ...db,
  async batch<Row>(statements: D1PreparedStatement[]) {
    const answers = await db.batch<Row & { state?: string }>([
      ...statements,
      selectState.bind(db, { id: clinicId }),
    ])
    if (answers.pop()?.results[0]?.state === 'suspended') throw refusal('suspended')
    return answers
  },
})
