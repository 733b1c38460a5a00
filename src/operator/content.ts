import type { Session } from '../storage/session.ts'
import { NO_CLINIC } from '../fields/clinic-id.ts'
import { resources } from '../resources/index.ts'
import { rowsOf, type StoredRow } from './copy.ts'
import type { Mark } from './marks.ts'
import { recordsAt } from './records/snapshot.ts'
import { listTables, type Table } from './tables.ts'

// What a backup contains and a restore brings back.

/** Tables that are derived from records, matter only for a day, or describe a bucket that isn't copied. */
const LEFT_OUT = ['deletions', 'idempotency_keys', 'name_words', 'segments', 'staged_plans']

export type Content = { table: Table; rows: () => AsyncGenerator<StoredRow> }

/** Every table with its rows as of the moment, in an order in which they can be inserted; clinics come last. */
export async function contentAt(db: Session, { at, marks }: { at: string; marks: Mark[] }) {
  const isClinics = ({ name }: Table) => name === 'clinics'
  return (await listTables(db))
    .filter(({ name }) => !LEFT_OUT.includes(name))
    .sort((a, b) => Number(isClinics(a)) - Number(isClinics(b)))
    .map((table): Content => ({ table, rows: () => rowsAt(table) }))

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

  /** The journal ends at the clinic's mark, the accesses at the moment. */
  function endOf({ name }: Table, seq: number) {
    if (name === 'changes') return [seq]
    return name === 'accesses' ? [at, ''] : undefined
  }

  /** Leaves out clinics that were created after the moment. */
  async function* marked(clinics: AsyncIterable<StoredRow>) {
    const ids = new Set(marks.map(({ clinic_id }) => clinic_id))
    for await (const row of clinics) if (ids.has(`${row.id}`)) yield row
  }
}
