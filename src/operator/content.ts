import type { Session } from '../storage/session.ts'
import type { Resource } from '../records/resource.ts'
import { rowsOf, type StoredRow } from './copy.ts'
import type { Mark } from './marks.ts'
import { recordsAt } from './records/snapshot.ts'
import { listTables, type Table } from './tables.ts'

// What a backup holds of a store, and a restore brings back.

/** The clinic of what the operator does to no clinic, or to all of them; no clinic can be called so. */
export const NO_CLINIC = '*'

/** What follows from the records, answers only for a day, or describes a bucket that is not copied. */
const LEFT_OUT = ['deletions', 'idempotency_keys', 'name_words', 'segments', 'staged_plans']

/** The time of a backup, and what each clinic had given out by then. */
export type Moment = { at: string; marks: readonly Mark[] }

export type Content = { table: Table; rows: () => AsyncGenerator<StoredRow> }

/** Every table with its rows as they were at the moment, in the order in which they can be filled; clinics come last. */
export async function contentAt(
  db: Session,
  resources: readonly Resource[],
  { at, marks }: Moment,
) {
  const isClinics = ({ name }: Table) => name === 'clinics'
  const tables = (await listTables(db))
    .filter(({ name }) => !LEFT_OUT.includes(name))
    .sort((a, b) => Number(isClinics(a)) - Number(isClinics(b)))
  return tables.map((table): Content => ({ table, rows: () => rowsAt(table) }))

  async function* rowsAt(table: Table): AsyncGenerator<StoredRow> {
    const resource = resources.find(({ name }) => name === table.name)
    if (isClinics(table)) return yield* marked(rowsOf(db, { table }))
    if (!table.isOfClinics) return yield* rowsOf(db, { table })
    if (!resource) yield* rowsOf(db, { table, clinicId: NO_CLINIC, end: endOf(table, 0) })
    for (const mark of marks) {
      const part = { table, clinicId: mark.clinic_id, end: endOf(table, mark.seq) }
      yield* resource ? recordsAt(db, resource, mark) : rowsOf(db, part)
    }
  }

  /** The journal ends at its mark, and the trail at the moment. */
  function endOf({ name }: Table, seq: number) {
    if (name === 'changes') return [seq]
    return name === 'accesses' ? [at, ''] : undefined
  }

  /** A clinic that was created since is left out. */
  async function* marked(clinics: AsyncIterable<StoredRow>) {
    const ids = new Set(marks.map(({ clinic_id }) => clinic_id))
    for await (const row of clinics) if (ids.has(`${row.id}`)) yield row
  }
}
