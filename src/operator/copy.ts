import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { changedRows, rows, statements } from '../storage/statement.ts'
import type { Session } from '../storage/session.ts'
import { clinics } from '../storage/tables.ts'
import type { Table } from './tables.ts'

// Reads, writes and measures a store's rows, for backups, restores and moves.

export type StoredRow = Record<string, string | number | null>

/** A place in the order of a table's rows: the values of a row's key. */
type Place = readonly (string | number | null | undefined)[]

/** Rows of a table: all of them or one clinic's, after the key `after`, up to and including `end`. */
export type Part = {
  table: Table
  clinicId?: string
  after?: Place | undefined
  end?: Place | undefined
}

const PAGE_ROWS = 500

/** A statement takes its rows as one parameter, for which D1 allows 2 MB. */
const PORTION_BYTES = 1_000_000

const types = { clinicId: 'text', after: 'text', end: 'text', rows: 'text' } as const
const { $, statement } = statements('operator/copy', types)

const valuesOf = ({ clinicId = '', after = [], end = [] }: Part, given: readonly StoredRow[]) => ({
  clinicId,
  after: JSON.stringify(after),
  end: JSON.stringify(end),
  rows: JSON.stringify(given),
})

const list = (columns: readonly string[]) => sql.raw(columns.join(', '))
const fields = (columns: readonly string[]) =>
  sql.raw(columns.map((name) => `value ->> '$.${name}'`).join(', '))

function isWithin({ table: { key }, clinicId, after, end }: Part): SQL {
  const members = (place: SQL) => key.map((_, n) => sql`${place} ->> ${sql.raw(`${n}`)}`)
  const tuple = (place: SQL) => sql`(${sql.join(members(place), sql`, `)})`
  const conditions = [
    ...(clinicId === undefined ? [] : [sql`clinic_id = ${$.clinicId}`]),
    ...(after ? [sql`(${list(key)}) > ${tuple($.after)}`] : []),
    ...(end ? [sql`(${list(key)}) <= ${tuple($.end)}`] : []),
  ]
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `)
}

async function read(db: Session, part: Part, limit = -1): Promise<StoredRow[]> {
  const { name, columns, key } = part.table
  const select = statement<StoredRow>(sql`
    SELECT ${list(columns)} FROM ${sql.raw(name)} WHERE ${isWithin(part)}
      ORDER BY ${list(key)} LIMIT ${sql.raw(`${limit}`)}`)
  return await rows(db, select, valuesOf(part, []))
}

const placeOf = (row: StoredRow | undefined, { table: { key } }: Part): Place | undefined =>
  row && key.map((name) => row[name])

export async function* rowsOf(db: Session, part: Part): AsyncGenerator<StoredRow> {
  for (let { after } = part; ;) {
    const page = await read(db, { ...part, after }, PAGE_ROWS)
    yield* page
    if (page.length < PAGE_ROWS) return
    after = placeOf(page.at(-1), part)
  }
}

/** Splits rows into portions that fit into a statement. */
async function* inPortions(all: AsyncIterable<StoredRow>): AsyncGenerator<StoredRow[]> {
  let portion: StoredRow[] = []
  let bytes = 0
  for await (const row of all) {
    const size = Buffer.byteLength(JSON.stringify(row))
    if (portion.length === PAGE_ROWS || (portion.length > 0 && bytes + size > PORTION_BYTES)) {
      yield portion
      ;[portion, bytes] = [[], 0]
    }
    portion.push(row)
    bytes += size
  }
  if (portion.length > 0) yield portion
}

/** Only an arriving clinic may be overwritten: a move that was paused may find it open, and must do nothing. */
const isArriving = sql`EXISTS (SELECT * FROM ${clinics} WHERE id = ${$.clinicId} AND state = 'arriving')`

const insert = ({ name, columns }: Table, condition: SQL, onConflict: SQL) =>
  statement(sql`
    INSERT INTO ${sql.raw(name)} (${list(columns)})
      SELECT ${fields(columns)} FROM json_each(${$.rows}) WHERE ${condition} ON CONFLICT ${onConflict}`)

/** Adds the rows that the part lacks: of a whole table, or of a clinic that is arriving. */
export async function addMissing(db: Session, part: Part, all: AsyncIterable<StoredRow>) {
  const isOpen = part.clinicId === undefined ? sql`true` : isArriving
  const add = insert(part.table, isOpen, sql`DO NOTHING`)
  for await (const portion of inPortions(all)) await changedRows(db, add, valuesOf(part, portion))
}

/** Makes the target's part equal to the source's. Ranges that are equal already cost no write. */
export async function mirror(
  source: Session,
  target: Session,
  part: Part,
  onRows: (rows: number) => void,
) {
  let { after } = part
  for await (const portion of inPortions(rowsOf(source, part))) {
    const end = placeOf(portion.at(-1), part)
    await align(target, { ...part, after, end }, portion)
    after = end
    onRows(portion.length)
  }
  await align(target, { ...part, after }, [])
}

/** Makes the part equal to the rows. */
async function align(db: Session, part: Part, wanted: readonly StoredRow[]) {
  const values = valuesOf(part, wanted)
  if (values.rows === JSON.stringify(await read(db, part))) return

  const { name, columns, key } = part.table
  const drop = statement(sql`
    DELETE FROM ${sql.raw(name)} WHERE ${isWithin(part)} AND ${isArriving}
      AND (${list(key)}) NOT IN (SELECT ${fields(key)} FROM json_each(${$.rows}))`)
  const set = list(columns.map((column) => `${column} = excluded.${column}`))
  const unique = list(['clinic_id', ...key])
  const upsert = insert(part.table, isArriving, sql`(${unique}) DO UPDATE SET ${set}`)
  await db.batch([drop.bind(db, values), upsert.bind(db, values)])
}

/** How many rows, and how many bytes their columns hold. */
type Size = { rows: number; bytes: number }

/** The sizes of parts by the names of their tables, measured in one transaction. */
export async function sizesOf(db: Session, parts: readonly Part[]): Promise<Record<string, Size>> {
  const measured = await db.batch<Size>(
    parts.map((part) => {
      const { name, columns } = part.table
      const bytes = columns.map((column) => `ifnull(octet_length(${column}), 0)`).join(' + ')
      const measure = statement(sql`
        SELECT count(*) AS rows, ifnull(sum(${sql.raw(bytes)}), 0) AS bytes
          FROM ${sql.raw(name)} WHERE ${isWithin(part)}`)
      return measure.bind(db, valuesOf(part, []))
    }),
  )
  const sizes = measured.map(({ results: [size] }) => size ?? { rows: 0, bytes: 0 })
  return Object.fromEntries(sizes.map((size, n) => [parts[n]?.table.name, size]))
}

/** Deletes the part's rows if the clinic is in the given state. */
export async function clear(db: Session, part: Part, state: 'arriving' | 'moved') {
  const { name, key } = part.table
  const all = sql`FROM ${sql.raw(name)} WHERE ${isWithin(part)}`
  const remove = statement(sql`
    DELETE ${all}
      AND EXISTS (SELECT * FROM ${clinics} WHERE id = ${$.clinicId} AND state = ${sql.raw(`'${state}'`)})
      AND (${list(key)}) IN (SELECT ${list(key)} ${all} LIMIT ${sql.raw(`${2 * PAGE_ROWS}`)})`)
  while ((await changedRows(db, remove, valuesOf(part, []))) > 0);
}
