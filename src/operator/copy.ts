import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { prepared } from '../storage/prepared.ts'
import type { Session } from '../storage/session.ts'
import { clinics } from '../storage/tables.ts'
import { sha256 } from '../storage/sha256.ts'

// A clinic's rows, copied from one database to another as they are, in ranges of the primary key. The database itself
// says which tables there are, so that a new one is copied without a word here.

/** A clinic's part of a table. */
export type Part = {
  table: string
  clinicId: string
  columns: readonly string[]
  /** The rest of the primary key, in order: it tells the rows of the part apart. */
  key: readonly string[]
}

/** Whether readers add rows, so that the part grows while writes wait. */
export const isGrowing = ({ table }: Part) => table === 'accesses'

/** Rows of one statement, which takes them as one parameter of 2 MB at most; a row of the journal may have 6 kB. */
const ROWS = 250

/** What a cell has sealed in a bucket of its own is described in that cell alone. */
const STAYING = ['segments']

// D1 lets nobody look at tables of its own.
const listColumns = prepared(
  sql`SELECT master.name AS table_name, info.name, info.pk
    FROM sqlite_master AS master JOIN pragma_table_info(master.name) AS info
    WHERE master.type = 'table' AND master.sql LIKE '%clinic_id%' ORDER BY master.rowid, info.cid`,
)

/** The parts of a clinic, in an order in which no row comes before one that it names: that of the migrations. */
export async function partsOf(db: Session, clinicId: string): Promise<Part[]> {
  const [found] = await db.batch<{ table_name: string; name: string; pk: number }>([
    listColumns(db, {}),
  ])
  const tables = Map.groupBy(found?.results ?? [], ({ table_name }) => table_name)
  return Array.from(tables).flatMap(([table, all]) => {
    const columns = all.map(({ name }) => name)
    if (!columns.includes('clinic_id') || STAYING.includes(table)) return []

    const key = all
      .filter(({ name, pk }) => pk > 0 && name !== 'clinic_id')
      .sort((a, b) => a.pk - b.pk)
      .map(({ name }) => name)
    return [{ table, clinicId, columns, key }]
  })
}

const list = (columns: readonly string[]) => sql.raw(columns.join(', '))
/** The members of a JSON array, one by one. */
const members = (array: string, places: readonly number[]) =>
  sql.raw(places.map((place) => `${array} ->> ${place}`).join(', '))
const placesOf = (columns: readonly string[], among = columns) =>
  columns.map((name) => among.indexOf(name))

/** Where a range begins and ends, as JSON arrays of the key: behind `after`, with `until`; null is open. */
type Range = { after: string | null; until: string | null }
const EVERYTHING: Range = { after: null, until: null }

function isWithin({ key }: Part, { after, until }: Range): SQL {
  const conditions = [
    sql`clinic_id = :clinicId`,
    ...(after === null ? [] : [sql`(${list(key)}) > (${members(':after', placesOf(key))})`]),
    ...(until === null ? [] : [sql`(${list(key)}) <= (${members(':until', placesOf(key))})`]),
  ]
  return sql.join(conditions, sql` AND `)
}

const valuesOf = ({ clinicId }: Part, range: Range) => ({ clinicId, ...range })

/** Rows of the part, as SQLite writes them in JSON, in the order of their keys. */
async function read(db: Session, part: Part, range: Range, limit = -1) {
  const { table, columns, key } = part
  const select = prepared(
    sql`SELECT json_array(${list(columns)}) AS row, json_array(${list(key)}) AS key
      FROM ${sql.identifier(table)} WHERE ${isWithin(part, range)} ORDER BY ${list(key)} LIMIT :limit`,
  )
  const [found] = await db.batch<{ row: string; key: string }>([
    select(db, { ...valuesOf(part, range), limit }),
  ])
  const rows = found?.results ?? []
  const isLast = limit < 0 || rows.length < limit
  return {
    count: rows.length,
    text: `[${rows.map(({ row }) => row).join()}]`,
    /** The key of the last row; null if the part has no more. */
    last: isLast ? null : (rows.at(-1)?.key ?? null),
  }
}

/** The part's rows up to the key `end`, a page at a time, and the range that each page fills. */
async function* pagesOf(db: Session, part: Part, end: string | null = null) {
  for (let after: string | null = null; ;) {
    const { last, ...page } = await read(db, part, { after, until: end }, ROWS)
    yield { ...page, range: { after, until: last ?? end } }
    if (last === null) return
    after = last
  }
}

/** Only what is arriving may be written over: a mover that was paused finds the clinic open, and does nothing. */
const isArriving = sql`EXISTS (SELECT * FROM ${clinics} WHERE id = :clinicId AND state = 'arriving')`

function insertRows({ table, columns, key }: Part, onConflict: SQL) {
  const unique = ['clinic_id', ...key]
  return prepared(
    sql`INSERT INTO ${sql.identifier(table)} (${list(columns)})
      SELECT ${members('value', placesOf(columns))} FROM json_each(:rows) WHERE ${isArriving}
      ON CONFLICT (${list(unique)}) ${onConflict}`,
  )
}

/** Makes the range say what the rows say. */
async function write(db: Session, part: Part, range: Range, rows: string): Promise<void> {
  const { table, columns, key } = part
  const drop = prepared(
    sql`DELETE FROM ${sql.identifier(table)} WHERE ${isWithin(part, range)} AND ${isArriving}
      AND (${list(key)}) NOT IN (
        SELECT ${members('value', placesOf(key, columns))} FROM json_each(:rows))`,
  )
  const set = columns.map((name) => `${name} = excluded.${name}`)
  const upsert = insertRows(part, sql`DO UPDATE SET ${list(set)}`)
  const values = { ...valuesOf(part, range), rows }
  await db.batch([drop(db, values), upsert(db, values)])
}

type Progress = (rows: number) => void

/** Makes the target's part say what the source's says. Ranges that do already cost no write. */
export async function mirror(source: Session, target: Session, part: Part, progress: Progress) {
  for await (const { text, count, range } of pagesOf(source, part)) {
    if (text !== (await read(target, part, range)).text) await write(target, part, range, text)
    progress(count)
  }
}

/** Adds what the target's part lacks. */
export async function addMissing(source: Session, target: Session, part: Part) {
  const add = insertRows(part, sql`DO NOTHING`)
  for await (const { text } of pagesOf(source, part)) {
    await target.batch([add(target, { clinicId: part.clinicId, rows: text })])
  }
}

/**
 * How many rows the part has up to the key `end`, and the SHA-256 of all they say: that of each page, taken together
 * with the one of the pages before.
 */
export async function digestOf(db: Session, part: Part, end: string | null) {
  let [count, hash] = [0, '']
  for await (const page of pagesOf(db, part, end)) {
    count += page.count
    hash = await sha256(hash + page.text)
  }
  return `${count} ${hash}`
}

/** How many rows the part has. */
export async function countOf(db: Session, part: Part): Promise<number> {
  const count = prepared(
    sql`SELECT count(*) AS count FROM ${sql.identifier(part.table)} WHERE ${isWithin(part, EVERYTHING)}`,
  )
  const [found] = await db.batch<{ count: number }>([count(db, valuesOf(part, EVERYTHING))])
  return found?.results[0]?.count ?? 0
}

/** Deletes the part's rows, of a clinic that is in the state given. */
export async function clear(db: Session, part: Part, state: 'arriving' | 'moved'): Promise<void> {
  const { table, key } = part
  const rows = sql`FROM ${sql.identifier(table)} WHERE ${isWithin(part, EVERYTHING)}`
  const remove = prepared(
    sql`DELETE ${rows} AND EXISTS (SELECT * FROM ${clinics} WHERE id = :clinicId AND state = :state)
      AND (${list(key)}) IN (SELECT ${list(key)} ${rows} LIMIT :limit)`,
  )
  const values = { ...valuesOf(part, EVERYTHING), state, limit: ROWS * 4 }
  for (let removed = 1; removed > 0;) {
    const [deleted] = await db.batch([remove(db, values)])
    removed = deleted?.meta.changes ?? 0
  }
}
