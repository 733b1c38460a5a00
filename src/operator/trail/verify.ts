import { sql } from 'drizzle-orm/sql/sql'
import { prepared } from '../../storage/prepared.ts'
import type { Session } from '../../storage/session.ts'
import { accesses, changes, clinics, segments } from '../../storage/tables.ts'
import { sha256 } from '../../storage/sha256.ts'
import { listKeys, prefixesOf, readStored, type Stored } from '../../trail/bucket.ts'
import {
  endOf,
  forStreams,
  headerOf,
  isBetween,
  keyOf,
  linesBetween,
  ndjsonOf,
  NOTHING,
  segmentsOf,
  selectSegment,
  START,
  STREAMS,
  type Line,
  type Place,
  type Segment,
} from '../../trail/segments.ts'

/** The last sealed segment of a stream: kept elsewhere, it shows later that nothing up to it was made anew. */
export type Head = { clinic_id: string; stream: string; n: number; sha256: string }

const selectHeads = prepared(
  sql`SELECT clinic_id, stream, n, sha256 FROM ${segments} AS head WHERE state <> 'pending' AND NOT EXISTS (
      SELECT * FROM ${segments} WHERE clinic_id = head.clinic_id AND stream = head.stream
        AND n = head.n + 1 AND state <> 'pending')
    ORDER BY clinic_id, stream`,
)

/** The last sealed segment of every stream. */
export async function listHeads(db: Session): Promise<Head[]> {
  const [found] = await db.batch<Head>([selectHeads(db, {})])
  return found?.results ?? []
}

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
const FORGOTTEN = 'D1 knows nothing of it; after a restore in time, run `resume`'

/** Compares all that was sealed, in both stores, with its digests, and those with heads that were kept. */
export async function* verifyTrail(
  db: Session,
  bucket: R2Bucket,
  clinicId?: string,
  heads: readonly Head[] = [],
): AsyncGenerator<Verdict> {
  const clinicIds = clinicId === undefined ? await listClinicIds(db, bucket) : [clinicId]
  for (const id of clinicIds) {
    for (const stream of STREAMS) {
      const place = { clinicId: id, stream }
      const kept = heads.filter((head) => head.clinic_id === id && head.stream === stream)
      yield await verifyStream(db, bucket, place, kept)
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
  const unmet = new Map(heads.map((head) => [head.n, head.sha256]))
  let previous: Segment | undefined
  let rows = 0
  let sealedUpTo = START
  let misfit: Misfit | undefined
  for await (const segment of segmentsOf(db, place)) {
    strangers.delete(keyOf(place, segment))
    const head = unmet.get(segment.n)
    unmet.delete(segment.n)
    misfit ??=
      segment.n !== (previous?.n ?? 0) + 1
        ? { segment: keyOf(place, segment), found: 'the segment before it is not in D1' }
        : await checkSegment(db, bucket, place, previous, segment)
    if (head !== undefined && head !== segment.sha256) {
      misfit ??= {
        segment: keyOf(place, segment),
        found: 'its digest is not the one that was kept',
      }
    }
    previous = segment
    if (segment.state === 'pending') continue
    rows += segment.row_count
    sealedUpTo = segment.last
  }
  for (const segment of strangers) misfit ??= { segment, found: FORGOTTEN }
  for (const n of unmet.keys()) {
    misfit ??= {
      segment: `${place.clinicId}/${place.stream}/${n}`,
      found: 'its digest was kept, and it is gone',
    }
  }
  const [counted] = await db.batch<{ count: number }>([
    countAfter(place)(db, {
      clinicId: place.clinicId,
      after: sealedUpTo,
      upTo: endOf(place),
    }),
  ])
  return {
    clinic_id: place.clinicId,
    stream: place.stream,
    segments: previous?.n ?? 0,
    rows,
    unsealed: counted?.results[0]?.count ?? 0,
    ...(misfit && { misfit }),
  }
}

/** What of a segment does not fit the one before, its digest, or the other store. */
async function checkSegment(
  db: Session,
  bucket: R2Bucket,
  place: Place,
  previous: Segment | undefined,
  segment: Segment,
): Promise<Misfit | undefined> {
  const key = keyOf(place, segment)
  const previousDigest = previous?.sha256 ?? NOTHING
  const stored = await readStored(bucket, place, key)
  const range = { after: previous?.last ?? START, upTo: segment.last, limit: segment.row_count + 1 }
  const [now, found] = await db.batch<Segment & Line>([
    selectSegment(db, { ...place, n: segment.n }),
    linesBetween(db, place, range),
  ])
  const held: Line[] = found?.results ?? []
  if (!stored) {
    if (segment.state !== 'pending')
      return { segment: key, found: 'it is not in R2, or unreadable' }
    const ndjson = ndjsonOf(place, segment.n, previousDigest, held)
    if ((await sha256(ndjson)) === segment.sha256) return undefined
    return { segment: key, found: 'its rows have changed since it was begun' }
  }
  if (stored.header !== headerOf(place, segment.n, previousDigest)) {
    return { segment: key, found: `it does not follow the segment before` }
  }
  const row = firstDifference(stored.lines, held, now?.results[0]?.state === 'aged')
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

const countAfter = forStreams(
  (stream, { table }) =>
    sql`SELECT count(*) AS count FROM ${table}
      WHERE clinic_id = :clinicId AND ${isBetween(stream, ':after', ':upTo')}`,
)

const selectClinicIds = prepared(
  sql`SELECT id FROM ${clinics} UNION SELECT clinic_id FROM ${changes}
    UNION SELECT clinic_id FROM ${accesses} UNION SELECT clinic_id FROM ${segments}`,
)

/** The clinics that either store knows. */
async function listClinicIds(db: Session, bucket: R2Bucket) {
  const [found] = await db.batch<{ id: string }>([selectClinicIds(db, {})])
  const ids = new Set(found?.results.map(({ id }) => id))
  for (const epoch of await prefixesOf(bucket, '')) {
    for (const prefix of await prefixesOf(bucket, epoch)) ids.add(prefix.split('/')[1] ?? '')
  }
  return [...ids].sort()
}
