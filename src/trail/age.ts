import { sql } from 'drizzle-orm/sql/sql'
import { batch, rows, statements } from '../storage/statement.ts'
import type { Session } from '../storage/session.ts'
import { accesses, segments } from '../storage/tables.ts'
import { sha256 } from '../storage/sha256.ts'
import { readStored } from './bucket.ts'
import { keyOf, ndjsonOf, STREAMS, type Line, type Segment } from './segments.ts'

/** How long sealed accesses also stay in D1. */
const AGE_MILLISECONDS = 30 * 24 * 60 * 60 * 1000
/** Segments have up to 5,000 rows. */
const SEGMENTS_A_RUN = 40
/** How many segments to look at: some may be unfit, and must not keep the others in D1. */
const MOST_CANDIDATES = 400

const ofOld = statements('trail/age', { until: 'text', limit: 'integer' })
const selectOld = ofOld.statement<Segment & { clinicId: string; stream: 'accesses' }>(sql`
  SELECT *, clinic_id AS clinicId FROM ${segments}
    WHERE stream = 'accesses' AND state = 'sealed' AND sealed_at < ${ofOld.$.until}
    ORDER BY sealed_at LIMIT ${ofOld.$.limit}`)

const { $, statement } = statements('trail/age', { clinicId: 'text', n: 'integer', places: 'text' })
const isSealed = sql`clinic_id = ${$.clinicId} AND (at, request_id) IN (
  SELECT substr(value, 1, 24), substr(value, 26) FROM json_each(${$.places}))`
const selectHeld = statement<Line>(sql`
  SELECT ${STREAMS.accesses.place} AS place, ${STREAMS.accesses.line} AS line
    FROM ${accesses} WHERE ${isSealed} ORDER BY at, request_id`)
const aging = {
  mark: statement(sql`
    UPDATE ${segments} SET state = 'aged'
    WHERE clinic_id = ${$.clinicId} AND stream = 'accesses' AND n = ${$.n} AND state = 'sealed'`),
  remove: statement(sql`DELETE FROM ${accesses} WHERE ${isSealed}`),
}

/**
 * Deletes from D1 the accesses that were sealed over thirty days ago, oldest first: exactly the rows of R2's segment,
 * and only if D1's rows have the same digest. `unfit` are the keys of the segments that stay.
 */
export async function ageAccesses(db: Session, bucket: R2Bucket, now: number) {
  const until = new Date(now - AGE_MILLISECONDS).toISOString()
  const unfit: string[] = []
  let [agedSegments, agedRows] = [0, 0]
  for (const segment of await rows(db, selectOld, { until, limit: MOST_CANDIDATES })) {
    if (agedSegments === SEGMENTS_A_RUN) break
    const key = keyOf(segment, segment)
    const stored = await readStored(bucket, key)
    const places = JSON.stringify(stored?.lines.map(({ place }) => place) ?? [])
    const values = { ...segment, places }
    const held = stored && ndjsonOf(stored.header, await rows(db, selectHeld, values))
    if (stored?.sha256 !== segment.sha256 || (await sha256(held ?? '')) !== segment.sha256) {
      unfit.push(key)
      continue
    }
    await batch(db, aging, values)
    agedSegments++
    agedRows += stored.lines.length
  }
  return { rows: agedRows, unfit }
}
