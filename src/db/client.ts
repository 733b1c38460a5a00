import { drizzle } from 'drizzle-orm/d1'
import { attempt, type Remedy } from './attempts.ts'

/** Drizzle over one D1 session, which carries the bookmark from statement to statement. */
export type Database = ReturnType<typeof openDatabase>

/** How D1 writes a bookmark. */
export const BOOKMARK = /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}$/

/** D1's words for a query that was lost on the way, with its answer or before it was run. */
const LOST =
  /Network connection lost|storage caused object to be reset|reset because its code was updated|Cannot resolve D1 DB due to transient issue/
/** D1's words for more than it can do. */
const OVERLOADED = /overloaded|Too many requests queued|exceeded timeout/

const unsupported = () => {
  throw new Error('every query is a batch')
}

/**
 * Drizzle asks for a whole D1Database and is given the one method that every query here uses. A batch is a
 * transaction, and each of ours may be run twice: reads, upserts, and inserts under an idempotency key.
 */
export function openDatabase(session: D1DatabaseSession) {
  return drizzle({
    prepare: (query) => session.prepare(query),
    batch: <Row>(statements: D1PreparedStatement[]) =>
      attempt(() => session.batch<Row>(statements), remedyFor),
    withSession: unsupported,
    exec: unsupported,
    dump: unsupported,
  })
}

function remedyFor(failure: unknown): Remedy {
  const message = failure instanceof Error ? failure.message : ''
  if (OVERLOADED.test(message)) return 'give up'
  return LOST.test(message) ? 'try again' : 'throw'
}
