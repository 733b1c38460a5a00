import { sql } from 'drizzle-orm/sql/sql'
import { first, rows, statements } from '../../storage/statement.ts'
import type { Session } from '../../storage/session.ts'
import { accesses, changes, clinics, segments } from '../../storage/tables.ts'
import { sha256 } from '../../storage/sha256.ts'
import { listClinicsIn, listKeys, readStored, type Stored } from '../../trail/bucket.ts'
import {
  headerOf,
  keyOf,
  linesBetween,
  ndjsonOf,
  NOTHING,
  segmentsOf,
  START,
  STREAMS,
  type Line,
  type Place,
  type Segment,
} from '../../trail/segments.ts'
import { findLost } from './lost.ts'
import { countAfter, findSegment, lastSetBack, laterOf, setBackIn } from './rows.ts'

/** The last sealed segment of a stream: kept elsewhere, it shows later that nothing up to it was made anew. */
export type Head = { clinic_id: string; stream: string; n: number; sha256: string }

const { statement } = statements('verify trail', {})
const selectHeads = statement<Head>(
  sql`SELECT clinic_id, stream, n, sha256 FROM ${segments} AS head WHERE state <> 'pending' AND NOT EXISTS (
      SELECT * FROM ${segments} WHERE clinic_id = head.clinic_id AND stream = head.stream
        AND n = head.n + 1 AND state <> 'pending')
    ORDER BY clinic_id, stream`,
)

/** The last sealed segment of every stream. */
export const listHeads = (db: Session): Promise<Head[]> => rows(db, selectHeads, {})

/** What does not fit: the first segment, by its key, and the first row, by its seq or its time and request. */
export type Misfit = { segment: string; row?: string; found: string }

/** What became of one stream: how much is sealed, how much is not yet, and what does not fit, if anything. */
export type Verdict = {
  clinic_id: string
  stream: string
  segments: number
  rows: number
  unsealed: number
  misfit?: Misfit
}

const ALTERED = 'it is not what was sealed'

/** Compares all that was sealed, in both stores, with its digests, and those with heads that were kept. */
export async function* verifyTrail(
  db: Session,
  bucket: R2Bucket,
  clinicId?: string,
  heads: readonly Head[] = [],
): AsyncGenerator<Verdict> {
  const known = clinicId === undefined ? await listClinicIds(db, bucket) : [clinicId]
  // A clinic that neither store knows any more, though a head of it was kept, has lost all of its trail.
  const kept = clinicId === undefined ? heads.map((head) => head.clinic_id) : []
  for (const id of [...new Set([...known, ...kept])].sort()) {
    for (const stream of STREAMS) {
      const place = { clinicId: id, stream }
      const own = heads.filter((head) => head.clinic_id === id && head.stream === stream)
      yield await verifyStream(db, bucket, place, own)
    }
  }
}

async function verifyStream(
  db: Session,
  bucket: R2Bucket,
  place: Place,
  heads: readonly Head[],
): Promise<Verdict> {
  // R2 first: what is put there meanwhile is no stranger.
  const strangers = await listKeys(bucket, place)
  const state = await first(db, selectState, place)
  const mayLackRows = place.stream === 'accesses' || state?.state === 'moved'
  const digests = new Map([[0, NOTHING]])
  let previous: Segment | undefined
  let setBack: string | undefined
  let rowCount = 0
  let sealedUpTo = START
  let misfit: Misfit | undefined
  for await (const segment of segmentsOf(db, place)) {
    const key = keyOf(place, segment)
    strangers.delete(key)
    digests.set(segment.n, segment.sha256)
    const stored = await readStored(bucket, place, key)
    misfit ??=
      segment.n !== (previous?.n ?? 0) + 1
        ? { segment: key, found: 'the segment before it is not in D1' }
        : await checkSegment(db, place, stored, previous, segment, mayLackRows)
    setBack = laterOf(place, setBack, setBackIn(stored?.lines ?? []))
    previous = segment
    if (segment.state === 'pending') continue
    rowCount += segment.row_count
    sealedUpTo = segment.last
  }
  setBack = laterOf(place, setBack, await lastSetBack(db, place))
  const lost = await findLost(bucket, place, strangers, digests, setBack)
  misfit ??= lost.misfit
  for (const head of heads) misfit ??= misfitOfHead(place, head, digests.get(head.n), lost.keys)
  return {
    clinic_id: place.clinicId,
    stream: place.stream,
    segments: previous?.n ?? 0,
    rows: rowCount,
    unsealed: await countAfter(db, place, sealedUpTo),
    ...(misfit && { misfit }),
  }
}

/** What of a head that was kept is not so any more. One may lie on a part of the trail that a restore in time cut off. */
function misfitOfHead(
  place: Place,
  head: Head,
  digest: string | undefined,
  lost: ReadonlySet<string>,
): Misfit | undefined {
  const segment = keyOf(place, head)
  if (digest === head.sha256 || lost.has(segment)) return undefined
  const found =
    digest === undefined
      ? 'its digest was kept, and it is gone'
      : 'its digest was kept, and is now another'
  return { segment, found }
}

/** What of a segment does not fit the one before, its digest, or the other store. */
async function checkSegment(
  db: Session,
  place: Place,
  stored: Stored | undefined,
  previous: Segment | undefined,
  segment: Segment,
  mayLackRows: boolean,
): Promise<Misfit | undefined> {
  const key = keyOf(place, segment)
  const header = headerOf(place, segment.n, previous?.sha256 ?? NOTHING)
  const range = { after: previous?.last ?? START, upTo: segment.last, limit: segment.row_count + 1 }
  // In one transaction: rows may age meanwhile.
  const [now, found] = await db.batch<Segment & Line>([
    findSegment(db, { ...place, n: segment.n }),
    linesBetween(db, place, range),
  ])
  const held: Line[] = found?.results ?? []
  if (!stored) {
    if (segment.state !== 'pending')
      return { segment: key, found: 'it is not in R2, or unreadable' }
    if ((await sha256(ndjsonOf(header, held))) === segment.sha256) return undefined
    return { segment: key, found: 'its rows have changed since it was begun' }
  }
  if (stored.header !== header) {
    return { segment: key, found: `it does not follow the segment before` }
  }
  const isAged = now?.results[0]?.state === 'aged' && mayLackRows
  const row = firstDifference(stored.lines, held, isAged)
  if (row) return { segment: key, ...row }
  return describes(segment, stored) ? undefined : { segment: key, found: ALTERED }
}

/** Whether what D1 says of a segment is so. */
function describes(segment: Segment, stored: Stored): boolean {
  const last = stored.lines.at(-1)
  const { at }: { at?: string } = JSON.parse(last?.line ?? '{}')
  return (
    segment.sha256 === stored.sha256 &&
    segment.row_count === stored.lines.length &&
    segment.last === last?.place &&
    segment.last_at === at
  )
}

/** The first row by which R2 and D1 differ. D1 may lack rows of a segment that is aged. */
function firstDifference(sealed: readonly Line[], held: readonly Line[], isAged: boolean) {
  const rows = new Map(held.map(({ place, line }) => [place, line]))
  for (const { place, line } of sealed) {
    const row = rows.get(place)
    if (row === undefined && !isAged) return { row: place, found: 'D1 lacks the row' }
    if (row !== undefined && row !== line) return { row: place, found: 'D1 and R2 differ in it' }
    rows.delete(place)
  }
  const [added] = rows.keys()
  return added === undefined ? undefined : { row: added, found: 'R2 lacks the row' }
}

const ofPlace = statements('verify trail', { clinicId: 'text' })
const selectState = ofPlace.statement<{ state: string }>(
  sql`SELECT state FROM ${clinics} WHERE id = ${ofPlace.$.clinicId}`,
)

const selectClinicIds = statement<{ id: string }>(
  sql`SELECT id FROM ${clinics} UNION SELECT clinic_id FROM ${changes}
    UNION SELECT clinic_id FROM ${accesses} UNION SELECT clinic_id FROM ${segments}`,
)

/** The clinics that either store knows. */
async function listClinicIds(db: Session, bucket: R2Bucket): Promise<string[]> {
  const inD1 = await rows(db, selectClinicIds, {})
  return [...inD1.map(({ id }) => id), ...(await listClinicsIn(bucket))]
}
