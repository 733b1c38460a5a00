import { attempt, type Remedy } from './attempts.ts'

/** One D1 session, whose batches are tried again. It carries the bookmark from batch to batch. */
export type Session = ReturnType<typeof openSession>

/** How D1 writes a bookmark. */
export const BOOKMARK = /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}$/

/** D1's words for a query that was lost on the way, with its answer or before it was run. */
const LOST =
  /Network connection lost|storage caused object to be reset|reset because its code was updated|Cannot resolve D1 DB due to transient issue/
/** D1's words for more than it can do. */
const OVERLOADED = /overloaded|Too many requests queued|exceeded timeout/

/** Where the records are. `at` is a bookmark to read from, or one of D1's constraints, such as `first-primary`. */
export const databaseOf = ({ DB }: { DB: D1Database }, at: string, tryMilliseconds?: number) =>
  openSession(DB.withSession(at), tryMilliseconds)

/**
 * The methods of a session that every query here uses. A batch is a transaction, and each of ours may be run
 * twice: reads, upserts, and inserts under an idempotency key.
 */
export const openSession = (session: D1DatabaseSession, tryMilliseconds?: number) => ({
  prepare: (query: string) => session.prepare(query),
  batch: <Row>(statements: D1PreparedStatement[]) =>
    attempt(() => session.batch<Row>(statements), remedyFor, tryMilliseconds),
  /** Reads from here on see all that this session has seen; undefined before its first answer. */
  bookmark: () => session.getBookmark() ?? undefined,
})

function remedyFor(failure: unknown): Remedy {
  const message = failure instanceof Error ? failure.message : ''
  if (OVERLOADED.test(message)) return 'give up'
  return LOST.test(message) ? 'try again' : 'throw'
}
