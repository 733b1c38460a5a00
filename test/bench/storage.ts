import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync } from 'node:zlib'
import type { TrailBytes } from './bill.ts'

/** What D1 allows one database. */
const LARGEST_DATABASE_BYTES = 10e9

/** Bytes of D1 for each row of a table with its indexes, from the pages of the service's database. */
export async function measureStorage(folder: string) {
  const database = await openService(folder)
  try {
    const bytes: Record<string, number> = {}
    for (const { table, size } of database
      .prepare(
        `SELECT tbl_name AS "table", sum(pgsize) AS size FROM dbstat JOIN sqlite_schema USING (name)
          GROUP BY tbl_name`,
      )
      .all()) {
      const { rows = 0 } =
        database.prepare(`SELECT count(*) AS rows FROM "${String(table)}"`).get() ?? {}
      if (Number(rows) > 0) bytes[String(table)] = Math.round(Number(size) / Number(rows))
    }
    const { person_informations = NaN, changes = NaN } = bytes
    // A record was made once, so that it has one row of the journal at least.
    const record = person_informations + changes
    return {
      bytes_a_row: bytes,
      bytes_a_record: record,
      records_in_10_gb: Math.floor(LARGEST_DATABASE_BYTES / record),
      trail: trailBytes(database, bytes),
    }
  } finally {
    database.close()
  }
}

/** The bytes of a row of the trail of reads; in R2 it is a line of JSON, compressed with its neighbours. */
function trailBytes(database: DatabaseSync, bytes: Record<string, number>): TrailBytes {
  const lines = database
    .prepare(
      `SELECT json_object('at', at, 'token_id', token_id, 'request_id', request_id, 'action', action,
          'resource', resource, 'ids', ids, 'status', status) AS line FROM accesses LIMIT 5000`,
    )
    .all()
    .map(({ line }) => String(line))
  const compressed = gzipSync(lines.join('\n')).byteLength
  return { d1: bytes.accesses ?? NaN, r2: Math.round(compressed / lines.length) }
}

/** The file of the service's database, which has accesses and lacks the twin's index. */
async function openService(folder: string): Promise<DatabaseSync> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.sqlite')) continue
    const database = new DatabaseSync(join(folder, name), { readOnly: true })
    const names = database
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map(({ name }) => name)
    const isFilled = names.includes('accesses') && database.prepare('SELECT 1 FROM accesses').get()
    if (isFilled && !names.includes('twin_plans')) return database
    database.close()
  }
  throw new Error('the service has no database')
}
