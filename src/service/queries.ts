import { sql } from 'drizzle-orm'
import { openDatabase } from '../db/client.ts'

/** Asks D1 for nothing; rejects if it does not answer. */
export async function reachDatabase(database: D1Database): Promise<void> {
  const db = openDatabase(database.withSession('first-unconstrained'))
  await db.batch([db.all(sql`SELECT 1`)])
}
