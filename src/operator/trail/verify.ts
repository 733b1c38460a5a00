import { sql } from 'drizzle-orm/sql/sql'
import { batch, rows, statements } from '../../storage/statement.ts'
import type { Session } from '../../storage/session.ts'
import { accesses, changes, clinics, segments } from '../../storage/tables.ts'
import { sha256 } from '../../storage/sha256.ts'
import { listClinicsIn, listKeys, readStored, type Stored } from '../../trail/bucket.ts'
import {
  comparePlaces,
  DESCRIBED,
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
  type Stream,
} from '../../trail/segments.ts'
import { findLost } from './lost.ts'

/** The last sealed segment of a stream: kept elsewhere, it shows later that nothing up to it was made anew. */
export type Head = { clinic_id: string; stream: string; n: number; sha256: string }

const ofAll = statements('verify trail', {})
const selectHeads = ofAll.statement<Head>(
  sql`SELECT clinic_id, stream, n, sha256 FROM ${segments} AS head WHERE state <> 'pending' AND NOT EXISTS (
      SELECT * FROM ${segments} WHERE clinic_id = head.clinic_id AND stream = head.stream
        AND n = head.n + 1 AND state <> 'pending')
    ORDER BY clinic_id, stream`,
)

/** The clinics that D1 knows. */
const selectClinicIds = ofAll.statement<{ id: string }>(
  sql`SELECT id FROM ${clinics} UNION SELECT clinic_id FROM ${changes}
    UNION SELECT clinic_id FROM ${accesses} UNION SELECT clinic_id FROM ${segments}`,
)

const { $, statement } = statements('verify trail', {
  clinicId: 'text',
  stream: 'text',
  n: 'integer',
  after: 'text',
})

/** Accesses leave D1 when they have aged, and changes when their clinic has moved. */
const selectMayLackRows = statement<{ may_lack_rows: number }>(
  sql`SELECT state = 'aged' AND (stream = 'accesses' OR EXISTS (
      SELECT * FROM ${clinics} WHERE id = clinic_id AND clinics.state = 'moved')) AS may_lack_rows
    FROM ${segments} WHERE clinic_id = ${$.clinicId} AND stream = ${$.stream} AND n = ${$.n}`,
)

/** How many rows are not sealed yet, and where D1 says that it was set back: `resume` leaves such rows in both streams. */
const forStream = (stream: Stream) => {
  const { table, place, key, keyOf } = DESCRIBED[stream]
  return {
    unsealed: statement<{ count: number }>(
      sql`SELECT count(*) AS count FROM ${table} WHERE clinic_id = ${$.clinicId} AND (${key}) > ${keyOf($.after)}`,
    ),
    setBack: statement<{ place: string }>(
      sql`SELECT ${place} AS place FROM ${table}
        WHERE clinic_id = ${$.clinicId} AND action IN ('skip', 'resume') ORDER BY ${key}`,
    ),
  }
}
const ofStream = { changes: forStream('changes'), accesses: forStream('accesses') }

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
  // A clinic that neither store knows any more, though a head of it was kept, has lost all of its trail.
  const all = async () => [
    ...(await rows(db, selectClinicIds, {})).map(({ id }) => id),
    ...(await listClinicsIn(bucket)),
    ...heads.map((head) => head.clinic_id),
  ]
  const clinicIds = clinicId === undefined ? await all() : [clinicId]
  for (const id of [...new Set(clinicIds)].sort()) {
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
        : await checkSegment(db, place, stored, previous, segment)
    setBack = laterOf(place, setBack, setBackIn(stored?.lines ?? []))
    previous = segment
    if (segment.state === 'pending') continue
    rowCount += segment.row_count
    sealedUpTo = segment.last
  }
  const asked = { ...place, n: 0, after: sealedUpTo }
  const told = await batch(db, ofStream[place.stream], asked)
  setBack = laterOf(place, setBack, told.setBack.at(-1)?.place)
  const lost = await findLost(bucket, place, strangers, digests, setBack)
  misfit ??= lost.misfit
  for (const head of heads) misfit ??= misfitOfHead(place, head, digests.get(head.n), lost.keys)
  return {
    clinic_id: place.clinicId,
    stream: place.stream,
    segments: previous?.n ?? 0,
    rows: rowCount,
    unsealed: told.unsealed[0]?.count ?? 0,
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
): Promise<Misfit | undefined> {
  const key = keyOf(place, segment)
  const header = headerOf(place, segment.n, previous?.sha256 ?? NOTHING)
  const range = { after: previous?.last ?? START, upTo: segment.last, limit: segment.row_count + 1 }
  // In one transaction: rows may age meanwhile.
  const [aged, found] = await db.batch<Line & { may_lack_rows: number }>([
    selectMayLackRows.bind(db, { ...place, n: segment.n, after: '' }),
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
  const row = firstDifference(stored.lines, held, aged?.results[0]?.may_lack_rows === 1)
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

/** The first row by which R2 and D1 differ. */
function firstDifference(sealed: readonly Line[], held: readonly Line[], mayLackRows: boolean) {
  const rows = new Map(held.map(({ place, line }) => [place, line]))
  for (const { place, line } of sealed) {
    const row = rows.get(place)
    if (row === undefined && !mayLackRows) return { row: place, found: 'D1 lacks the row' }
    if (row !== undefined && row !== line) return { row: place, found: 'D1 and R2 differ in it' }
    rows.delete(place)
  }
  const [added] = rows.keys()
  return added === undefined ? undefined : { row: added, found: 'R2 lacks the row' }
}

/** Where sealed lines last say that the database was set back. */
const setBackIn = (lines: readonly Line[]) =>
  lines.findLast(({ line }) => /"action":"(skip|resume)"/.test(line))?.place

function laterOf(place: Place, a: string | undefined, b: string | undefined) {
  if (a === undefined || b === undefined) return a ?? b
  return comparePlaces(place, a, b) >= 0 ? a : b
}
