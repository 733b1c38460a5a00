import { sql } from 'drizzle-orm/sql/sql'
import { prepared } from '../storage/prepared.ts'
import type { Session } from '../storage/session.ts'
import { changes, clinics, gaps } from '../storage/tables.ts'
import { nameOf, type Kind } from '../records/kind.ts'
import { gapCount, highestId } from '../records/numbering.ts'

// A database that is set back to an earlier time has forgotten which ids and numbers it gave out since. Given out again,
// they would name other people in the systems of clinics. So the highest are marked before, and passed over after.

/** What a clinic has given out: its epoch, the number of its last change, and the highest id of each kind of record. */
export type Mark = { clinic_id: string; epoch: number; seq: number; ids: Record<string, number> }

const selectClinics = prepared(sql`SELECT id FROM ${clinics} ORDER BY id`)
const selectSeq = prepared(
  sql`SELECT epoch, max(seq_floor, coalesce(
      (SELECT max(seq) FROM ${changes} WHERE clinic_id = :clinicId), 0)) AS seq
    FROM ${clinics} WHERE id = :clinicId`,
)

/** Marks what every clinic has given out, each in one transaction. */
export async function listMarks(db: Session, kinds: readonly Kind[]): Promise<Mark[]> {
  const [found] = await db.batch<{ id: string }>([selectClinics(db, {})])
  const highest = kinds.map((kind) => prepared(sql`SELECT ${highestId(kind)} AS id`))
  const marks: Mark[] = []
  for (const { id: clinicId } of found?.results ?? []) {
    const [last, ...answers] = await db.batch<{ epoch: number; seq: number; id: number }>(
      [selectSeq, ...highest].map((statement) => statement(db, { clinicId })),
    )
    const { epoch = 1, seq = 0 } = last?.results[0] ?? {}
    const ids = kinds.map(({ name }, n) => [name, answers[n]?.results[0]?.id ?? 0])
    marks.push({ clinic_id: clinicId, epoch, seq, ids: Object.fromEntries(ids) })
  }
  return marks
}

/** Passes over what the mark says was given out: lost ids become gaps, and a new epoch begins. Safe to run again. */
export async function resumeAfter(db: Session, kinds: readonly Kind[], mark: Mark): Promise<void> {
  const passOver = kinds.map((kind) =>
    prepared(
      sql`INSERT INTO ${gaps} (clinic_id, resource, id, ordinal, listed_before)
        WITH RECURSIVE lost (id, ordinal) AS (
          SELECT ${highestId(kind)} + 1, ${gapCount(kind)} + 1 WHERE ${highestId(kind)} < :highest
          UNION ALL SELECT id + 1, ordinal + 1 FROM lost WHERE id < :highest)
        SELECT :clinicId, ${nameOf(kind)}, id, ordinal, id - ordinal FROM lost`,
    ),
  )
  const begin = prepared(
    sql`INSERT INTO ${clinics} (id, state, epoch, seq_floor, created_at)
      VALUES (:clinicId, 'open', :epoch + 1, :seq, :now)
      ON CONFLICT (id) DO UPDATE SET epoch = max(epoch, excluded.epoch),
        seq_floor = max(seq_floor, excluded.seq_floor)`,
  )
  const { clinic_id: clinicId, epoch, seq, ids } = mark
  await db.batch([
    ...passOver.map((statement, n) =>
      statement(db, { clinicId, highest: ids[kinds[n]?.name ?? ''] ?? 0 }),
    ),
    begin(db, { clinicId, epoch, seq, now: new Date().toISOString() }),
  ])
}
