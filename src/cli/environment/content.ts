import { sql } from 'drizzle-orm/sql/sql'
import { prepared, type Values } from '../../storage/prepared.ts'
import type { Session } from '../../storage/session.ts'
import { kinds } from '../../kinds.ts'
import type { Mark } from '../../operator/marks.ts'
import { recordsAt } from '../../operator/records/snapshot.ts'

// What a store holds, table by table, as a backup has it and as a restore brings it back.

export type Rows = Record<string, unknown>

/** A table: the key by which it is read in order, and what of it belongs to the time of the backup. */
type Table = { name: string; key: readonly string[]; only?: string }

/** In the order in which they can be filled: what is referred to comes first, and what opens the store last. */
const TABLES: readonly (Table | 'records')[] = [
  { name: 'ownables', key: ['clinic_id', 'type', 'id'] },
  'records',
  { name: 'changes', key: ['clinic_id', 'seq'] },
  { name: 'accesses', key: ['clinic_id', 'at', 'request_id'], only: 'at <= :moment' },
  { name: 'plans', key: ['id'] },
  { name: 'plan_lists', key: ['list', 'chunk'] },
  { name: 'plan_words', key: ['word', 'plan_id'] },
  { name: 'plan_facets', key: ['facet', 'folded'] },
  { name: 'catalogue', key: ['id'] },
  { name: 'clinics', key: ['id'] },
]

const PAGE_ROWS = 500

/** The time of a backup, and what each clinic had given out by then. */
export type Moment = { at: string; marks: readonly Mark[] }

/** Every table of the store with its rows as they were at the moment. */
export function contentOf(
  db: Session,
  moment: Moment,
): { name: string; rows: () => AsyncGenerator<Rows> }[] {
  return TABLES.flatMap((table) => {
    if (table !== 'records') return [{ name: table.name, rows: () => rowsOf(db, table, moment) }]
    return kinds.map((kind) => ({
      name: kind.name,
      async *rows() {
        for (const mark of moment.marks) yield* recordsAt(db, kind, mark)
      },
    }))
  })
}

/** The rows of a table in the order of its key. The journal ends, clinic by clinic, at its mark. */
async function* rowsOf(db: Session, { name, key, only = 'true' }: Table, { at, marks }: Moment) {
  const seqs = new Map(marks.map((mark) => [mark.clinic_id, mark.seq]))
  const keys = key.join(', ')
  const isNext = `(${keys}) > (${key.map((column) => `:${column}`).join(', ')})`
  const page = (condition: string) =>
    prepared(
      sql.raw(
        `SELECT * FROM ${name} WHERE ${condition} AND ${only} ORDER BY ${keys} LIMIT ${PAGE_ROWS}`,
      ),
    )
  const [first, next] = [page('true'), page(isNext)]
  for (let last: Values | undefined; ;) {
    const statement = last ? next(db, { moment: at, ...last }) : first(db, { moment: at })
    const [found] = await db.batch<Values>([statement])
    const rows = found?.results ?? []
    for (const row of rows) {
      const isLater = name === 'changes' && Number(row.seq) > (seqs.get(String(row.clinic_id)) ?? 0)
      const isNew = name === 'clinics' && !seqs.has(String(row.id))
      if (!isLater && !isNew) yield row
    }
    last = rows.at(-1)
    if (rows.length < PAGE_ROWS) return
  }
}

/** Writes rows of a table, those that are not there yet. */
export async function fill(db: Session, table: string, rows: readonly Rows[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {})
  if (columns.length === 0) return
  const values = columns.map((column) => `value ->> '$.${column}'`)
  await db.batch([
    db
      .prepare(
        `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${values.join(', ')} FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`,
      )
      .bind(JSON.stringify(rows)),
  ])
}
