import { sql } from 'drizzle-orm/sql/sql'
import { prepared } from '../../storage/prepared.ts'
import type { Session } from '../../storage/session.ts'
import { changes, gaps } from '../../storage/tables.ts'
import { columnNames, nameOf, type Given, type Kind } from '../../records/kind.ts'
import type { Mark } from '../marks.ts'

// A backup takes many reads, between which clients write. The journal says what every record was before, so all of
// a clinic's records can be told as they were at one change.

const PAGE_ROWS = 500

type Change = { record_id: number; before: string | null }

/** A clinic's records as they were at the mark, as rows of their table, in the order of their ids. */
export async function* recordsAt(db: Session, kind: Kind, mark: Mark): AsyncGenerator<Given> {
  const columns = columnNames(kind)
  const rowOf = (content: Given): Given => ({
    clinic_id: mark.clinic_id,
    ...Object.fromEntries(columns.map((name) => [name, content[name] ?? null])),
  })
  const select = prepared(
    sql`SELECT * FROM ${kind.table} WHERE clinic_id = :clinicId AND id > :after ORDER BY id LIMIT :limit`,
  )
  // The first change after the mark tells what the record was at it: nothing, if that one created or restored it.
  const selectLater = prepared(
    sql`SELECT record_id, before, min(seq) FROM ${changes}
      WHERE clinic_id = :clinicId AND seq > :seq AND resource = ${nameOf(kind)} AND record_id > :after
      GROUP BY record_id`,
  )
  for (let after = 0; ;) {
    const values = { clinicId: mark.clinic_id, seq: mark.seq, after, limit: PAGE_ROWS }
    const [page, later] = await db.batch<Given & Change>([
      select(db, values),
      selectLater(db, values),
    ])
    const found = new Map((page?.results ?? []).map((row) => [Number(row.id), rowOf(row)]))
    const isLast = found.size < PAGE_ROWS
    const end = isLast ? Infinity : Math.max(...found.keys())
    for (const { record_id: id, before } of later?.results ?? []) {
      if (id > end) continue
      if (before === null) found.delete(id)
      else found.set(id, rowOf(JSON.parse(before)))
    }
    for (const id of [...found.keys()].sort((a, b) => a - b)) yield found.get(id) ?? {}
    if (isLast) return
    after = end
  }
}

/** Makes the gaps of a clinic whose records have just been written: every id up to the mark that none of them has. */
export async function fillGaps(db: Session, kinds: readonly Kind[], mark: Mark): Promise<void> {
  const fill = (kind: Kind) =>
    prepared(
      sql`INSERT INTO ${gaps} (clinic_id, resource, id, ordinal, listed_before)
        WITH RECURSIVE ids (id) AS (
          SELECT 1 WHERE :highest > 0 UNION ALL SELECT id + 1 FROM ids WHERE id < :highest),
        lost AS (
          SELECT id, row_number() OVER (ORDER BY id) AS ordinal FROM ids
          WHERE id NOT IN (SELECT id FROM ${kind.table} WHERE clinic_id = :clinicId))
        SELECT :clinicId, ${nameOf(kind)}, id, ordinal, id - ordinal FROM lost WHERE true
        ON CONFLICT DO NOTHING`,
    )
  await db.batch(
    kinds.map((kind) =>
      fill(kind)(db, { clinicId: mark.clinic_id, highest: mark.ids[kind.name] ?? 0 }),
    ),
  )
}
