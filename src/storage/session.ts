import { remedyFor } from './faults.ts'
import { attempt } from './retry.ts'

/** One D1 session, whose batches are tried again. It carries the bookmark from batch to batch. */
export type Session = ReturnType<typeof openSession>

/** How D1 writes a bookmark. */
export const BOOKMARK = /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}$/

/** Where the records are. `at` is a bookmark to read from, or one of D1's constraints, such as `first-primary`. */
export const databaseOf = ({ DB }: { DB: D1Database }, at: string, tryMilliseconds?: number) =>
  openSession(DB.withSession(at), tryMilliseconds, () => DB.withSession('first-primary'))

/**
 * The methods of a session that every query here uses. A batch is a transaction, and each of ours may be run
 * twice: reads, upserts, and inserts under an idempotency key.
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
    /** Reads from here on see all that this session has seen; undefined before its first answer. */
    bookmark: () => current.getBookmark() ?? undefined,
    /** Goes on at the primary, which knows every write that was committed. */
    goToPrimary() {
      current = beginAtPrimary()
    },
  }
}
