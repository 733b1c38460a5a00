import { drizzle } from 'drizzle-orm/d1'
import { attempt, type Remedy } from './attempts.ts'

/** One D1 session, whose batches are tried again. It carries the bookmark from batch to batch. */
export type Client = ReturnType<typeof openClient>

/** Drizzle over such a session. */
export type Database = ReturnType<typeof openDatabase>

/** How D1 writes a bookmark. */
export const BOOKMARK = /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}$/

/** D1's words for a query that was lost on the way, with its answer or before it was run. */
const LOST =
  /Network connection lost|storage caused object to be reset|reset because its code was updated|Cannot resolve D1 DB due to transient issue/
/** D1's words for more than it can do. */
const OVERLOADED = /overloaded|Too many requests queued|exceeded timeout/

/**
 * The two methods of a session that every query here uses. A batch is a transaction, and each of ours may be
 * run twice: reads, upserts, and inserts under an idempotency key.
 */
export const openClient = (session: D1DatabaseSession, tryMilliseconds?: number) => ({
  prepare: (query: string) => session.prepare(query),
  batch: <Row>(statements: D1PreparedStatement[]) =>
    attempt(() => session.batch<Row>(statements), remedyFor, tryMilliseconds),
})

const unsupported = () => {
  throw new Error('every query is a batch')
}

/** For queries that are built when they run: Drizzle asks for a whole D1Database but calls those two methods. */
export const openDatabase = (session: D1DatabaseSession, tryMilliseconds?: number) =>
  drizzle({
    ...openClient(session, tryMilliseconds),
    withSession: unsupported,
    exec: unsupported,
    dump: unsupported,
  })

function remedyFor(failure: unknown): Remedy {
  const message = failure instanceof Error ? failure.message : ''
  if (OVERLOADED.test(message)) return 'give up'
  return LOST.test(message) ? 'try again' : 'throw'
}
