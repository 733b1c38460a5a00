import { remedyFor } from './faults.ts'
import { attempt } from './retry.ts'

/** A D1 session that retries its batches, and carries its bookmark from batch to batch. */
export type Session = ReturnType<typeof openSession>

/** The form of D1's bookmarks. */
export const BOOKMARK = /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}$/

/** Opens a session. `at` is a bookmark, or one of D1's constraints, such as `first-primary`. */
export const databaseOf = ({ DB }: { DB: D1Database }, at: string, tryMilliseconds?: number) =>
  openSession(DB.withSession(at), tryMilliseconds, () => DB.withSession('first-primary'))

/**
 * The session methods that our queries use. A batch is a transaction, and each of ours is safe to run twice: reads,
 * upserts, and inserts under an idempotency key.
 */
export function openSession(
  session: D1DatabaseSession,
  tryMilliseconds?: number,
  beginAtPrimary = () => session,
) {
  let current = session
  return {
    prepare: (query: string) => current.prepare(query),
    batch: <Row>(statements: D1PreparedStatement[]) =>
      attempt(() => current.batch<Row>(statements), remedyFor, tryMilliseconds),
    /** A session opened at it sees all that this one has seen; undefined before the first answer. */
    bookmark: () => current.getBookmark() ?? undefined,
    /** Switches to the primary, which has every committed write. */
    goToPrimary() {
      current = beginAtPrimary()
    },
  }
}
