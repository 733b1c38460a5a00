import { sql } from 'drizzle-orm/sql/sql'
import { prepared } from '../../storage/prepared.ts'
import type { Session } from '../../storage/session.ts'
import { segments } from '../../storage/tables.ts'
import { listKeys, readStored } from '../../trail/bucket.ts'
import {
  deleteAccesses,
  headerOf,
  NOTHING,
  segmentsOf,
  START,
  STREAMS,
  type Place,
} from '../../trail/segments.ts'

// A database that is set back to an earlier time has forgotten the segments that were sealed since, with their rows. R2
// has them still.

/** A segment of R2 that does not follow those that D1 knows. The message is its key. */
export class Unrelated extends Error {}

const insertAdopted = prepared(
  sql`INSERT INTO ${segments} (clinic_id, stream, n, epoch, state, row_count, last, last_at, sha256, sealed_at)
    VALUES (:clinicId, :stream, :n, :epoch, 'aged', :rowCount, :last, :lastAt, :digest, :now)
    ON CONFLICT DO UPDATE SET epoch = excluded.epoch, state = excluded.state, row_count = excluded.row_count,
      last = excluded.last, last_at = excluded.last_at, sha256 = excluded.sha256, sealed_at = excluded.sealed_at
    WHERE state = 'pending'`,
)

/**
 * Enters in D1 a clinic's segments that R2 has beyond those of D1, as aged: D1 lacks some of their rows. Gives the
 * highest `seq` in them, 0 if there are none. Safe to run again. Throws Unrelated.
 */
export async function adoptLost(db: Session, bucket: R2Bucket, clinicId: string): Promise<number> {
  let highest = 0
  for (const stream of STREAMS) {
    const place: Place = { clinicId, stream }
    const keys = new Map(
      [...(await listKeys(bucket, place))].map((key) => [Number(key.split('/').at(-1)), key]),
    )
    let previous = { n: 0, last: START, sha256: NOTHING }
    for await (const segment of segmentsOf(db, place)) {
      if (segment.state !== 'pending') previous = segment
    }
    for (;;) {
      const n = previous.n + 1
      const key = keys.get(n)
      if (key === undefined) break
      const stored = await readStored(bucket, place, key)
      const last = stored?.lines.at(-1)
      if (!last || stored?.header !== headerOf(place, n, previous.sha256)) throw new Unrelated(key)

      const { at: lastAt }: { at: string } = JSON.parse(last.line)
      const values = { ...place, n, after: previous.last, last: last.place, lastAt }
      const found = { epoch: parseInt(key), rowCount: stored.lines.length, digest: stored.sha256 }
      await db.batch([
        insertAdopted(db, { ...values, ...found, now: new Date().toISOString() }),
        ...(stream === 'accesses' ? [deleteAccesses(db, values)] : []),
      ])
      if (stream === 'changes') highest = Number(last.place)
      previous = { n, last: last.place, sha256: stored.sha256 }
    }
  }
  return highest
}
