import { drizzle } from 'drizzle-orm/d1'

/** Drizzle over one D1 session, which carries the bookmark from statement to statement. */
export type Database = ReturnType<typeof openDatabase>

/** How D1 writes a bookmark. */
export const BOOKMARK = /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}$/

const unsupported = () => {
  throw new Error('a D1 session offers prepare and batch only')
}

/** Drizzle asks for a whole D1Database but calls just the two methods that a session has. */
export function openDatabase(session: D1DatabaseSession) {
  return drizzle({
    prepare: (query) => session.prepare(query),
    batch: (statements) => session.batch(statements),
    withSession: () => session,
    exec: unsupported,
    dump: unsupported,
  })
}
