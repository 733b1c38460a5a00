import { sql } from 'drizzle-orm/sql/sql'
import { rows, statements } from '../storage/statement.ts'
import type { Session } from '../storage/session.ts'
import { accesses, segments } from '../storage/tables.ts'
import { sha256 } from '../storage/sha256.ts'
import { readStored } from './bucket.ts'
import { DESCRIBED, keyOf, ndjsonOf, type Line, type Place, type Segment } from './segments.ts'

/** How long sealed accesses stay in D1, too. */
const AGE_MILLISECONDS = 30 * 24 * 60 * 60 * 1000
/** Of 5,000 rows each. */
const SEGMENTS_A_RUN = 40
/** So many are looked at where some cannot leave: one that is unfit must not keep the others here. */
const LOOKED_AT = 400

type Old = Segment & { clinicId: string }

const ofOld = statements('trail/age', { until: 'text', limit: 'integer' })
const selectOld = ofOld.statement<Old>(
  sql`SELECT *, clinic_id AS clinicId FROM ${segments}
    WHERE stream = 'accesses' AND state = 'sealed' AND sealed_at < ${ofOld.$.until}
    ORDER BY sealed_at LIMIT ${ofOld.$.limit}`,
)

const ofRows = statements('trail/age', { clinicId: 'text', places: 'text' })
const isSealed = sql`clinic_id = ${ofRows.$.clinicId} AND (at, request_id) IN (
  SELECT substr(value, 1, 24), substr(value, 26) FROM json_each(${ofRows.$.places}))`
const selectHeld = ofRows.statement<Line>(
  sql`SELECT ${DESCRIBED.accesses.place} AS place, ${DESCRIBED.accesses.line} AS line
    FROM ${accesses} WHERE ${isSealed} ORDER BY at, request_id`,
)
const deleteHeld = ofRows.statement(sql`DELETE FROM ${accesses} WHERE ${isSealed}`)

const ofSegment = statements('trail/age', { clinicId: 'text', n: 'integer' })
const markAged = ofSegment.statement(
  sql`UPDATE ${segments} SET state = 'aged' WHERE clinic_id = ${ofSegment.$.clinicId}
    AND stream = 'accesses' AND n = ${ofSegment.$.n} AND state = 'sealed'`,
)

/**
 * Takes from D1 the accesses that were sealed thirty days ago, the oldest first: exactly the rows that R2 shows in the
 * segment, if their digest is that of D1's rows as well. `unfit` are the segments that stay, by their keys.
 */
export async function ageAccesses(db: Session, bucket: R2Bucket, now: number) {
  const until = new Date(now - AGE_MILLISECONDS).toISOString()
  const aged = { segments: 0, rows: 0 }
  const unfit: string[] = []
  for (const segment of await rows(db, selectOld, { until, limit: LOOKED_AT })) {
    if (aged.segments === SEGMENTS_A_RUN) break
    const place: Place = { clinicId: segment.clinicId, stream: 'accesses' }
    const key = keyOf(place, segment)
    const places = await placesToAge(db, bucket, place, segment)
    if (!places) {
      unfit.push(key)
      continue
    }
    const { clinicId, n } = segment
    await db.batch([
      markAged.bind(db, { clinicId, n }),
      deleteHeld.bind(db, { clinicId, places: JSON.stringify(places) }),
    ])
    aged.segments++
    aged.rows += places.length
  }
  return { rows: aged.rows, unfit }
}

/** The places of the segment's rows, if R2 and D1 both have them as they were sealed. */
async function placesToAge(db: Session, bucket: R2Bucket, place: Place, segment: Segment) {
  const stored = await readStored(bucket, place, keyOf(place, segment))
  if (stored?.sha256 !== segment.sha256) return undefined

  const places = stored.lines.map((line) => line.place)
  const { clinicId } = place
  const held = await rows(db, selectHeld, { clinicId, places: JSON.stringify(places) })
  const digest = await sha256(ndjsonOf(stored.header, held))
  return digest === segment.sha256 ? places : undefined
}
