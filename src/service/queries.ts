import { openClient } from '../db/client.ts'

/** Asks D1 for nothing; rejects if it does not answer. */
export async function reachDatabase(database: D1Database): Promise<void> {
  const db = openClient(database.withSession('first-unconstrained'))
  await db.batch([db.prepare('SELECT 1')])
}
