import { sql } from 'drizzle-orm/sql/sql'
import { prepared } from '../storage/prepared.ts'
import type { Session } from '../storage/session.ts'
import { accesses, changes, clinics, segments } from '../storage/tables.ts'
import { sha256 } from '../storage/sha256.ts'
import { compressed, readStored } from './bucket.ts'
import {
  deleteAccesses,
  endOf,
  keyOf,
  linesBetween,
  ndjsonOf,
  NOTHING,
  selectSegment,
  START,
  type Line,
  type Place,
  type Segment,
  type Stream,
} from './segments.ts'

// Sealing takes three steps for each segment: it is pending in D1, it is put into R2, it is sealed in D1. A run that
// died between two of them is taken up by the next, and of two runs at once the first to write a step decides.

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** The event of a read is written after the answer, so it may be late. No event is so late. */
const LATEST_MILLISECONDS = 10 * MINUTE
/** How long sealed accesses stay in D1, too. */
const AGE_MILLISECONDS = 30 * DAY
/** An object of some 300 kB, and a statement that lets the writes of clinics come between two. */
const ROWS_A_SEGMENT = 5000
const CLINICS_A_RUN = 200
/** Compressing a row takes some ten microseconds of a run's processor time. */
const ROWS_A_RUN = 200_000

/** What a run did. `unfit` are segments that the next run will not seal either: see `audit verify`. */
export type Sealed = { segments: number; rows: number; aged: number; unfit: string[] }

/** Seals what is unsealed, the longest-waiting clinics first, and lets old accesses leave D1. Safe to run at any time. */
export async function sealTrail(db: Session, bucket: R2Bucket, now = Date.now()): Promise<Sealed> {
  const times = { now: isoOf(now), settled: isoOf(now - LATEST_MILLISECONDS) }
  const sealed: Sealed = { segments: 0, rows: 0, aged: 0, unfit: [] }
  for (const place of await listUnsealed(db, times.settled)) {
    try {
      for await (const segment of sealStream(db, bucket, place, times)) {
        sealed.segments++
        sealed.rows += segment.row_count
        if (sealed.rows >= ROWS_A_RUN) break
      }
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      sealed.unfit.push(error.message)
    }
    if (sealed.rows >= ROWS_A_RUN) break
  }
  await ageAccesses(db, bucket, isoOf(now - AGE_MILLISECONDS), sealed)
  return sealed
}

const isoOf = (time: number) => new Date(time).toISOString()

/** What is to be sealed is not what it was, or something else lies where it belongs. The message is its key. */
class Unfit extends Error {}

/** Every clinic of a table, found by seeks. */
const clinicsIn = (name: string) =>
  sql.raw(`${name}_clinics (id) AS (
    SELECT min(clinic_id) FROM ${name}
    UNION ALL SELECT (SELECT min(clinic_id) FROM ${name} WHERE clinic_id > id) FROM ${name}_clinics
      WHERE id IS NOT NULL)`)

const lastSealed = (stream: Stream) =>
  sql.raw(`coalesce((SELECT last FROM segments WHERE clinic_id = id AND stream = '${stream}'
    AND state <> 'pending' ORDER BY n DESC LIMIT 1), '')`)

const selectUnsealed = prepared(
  sql`WITH RECURSIVE ${clinicsIn('changes')}, ${clinicsIn('accesses')},
    waiting (clinic_id, stream, since) AS (
      SELECT id, 'changes', (SELECT at FROM ${changes}
        WHERE clinic_id = id AND seq > CAST(${lastSealed('changes')} AS INTEGER) ORDER BY seq LIMIT 1)
      FROM changes_clinics
      UNION ALL
      SELECT id, 'accesses', (SELECT at FROM ${accesses}
        WHERE clinic_id = id AND at < :settled
          AND (at, request_id) > (substr(last, 1, 24), substr(last, 26)) ORDER BY at LIMIT 1)
      FROM (SELECT id, ${lastSealed('accesses')} AS last FROM accesses_clinics WHERE id IS NOT NULL))
    SELECT clinic_id AS clinicId, stream FROM waiting WHERE since IS NOT NULL
      AND clinic_id NOT IN (SELECT id FROM ${clinics} WHERE state = 'arriving')
    ORDER BY since LIMIT :limit`,
)

/**
 * The streams that have rows to seal, that of the oldest row first. A clinic that is on its way here from another cell
 * may still bring older ones, or not come at all.
 */
async function listUnsealed(db: Session, settled: string): Promise<Place[]> {
  const [found] = await db.batch<Place>([selectUnsealed(db, { settled, limit: 2 * CLINICS_A_RUN })])
  const places = found?.results ?? []
  const clinicIds = [...new Set(places.map(({ clinicId }) => clinicId))].slice(0, CLINICS_A_RUN)
  return places.filter(({ clinicId }) => clinicIds.includes(clinicId))
}

type Times = { now: string; settled: string }

const selectLatest = prepared(
  sql`SELECT * FROM ${segments} WHERE clinic_id = :clinicId AND stream = :stream ORDER BY n DESC LIMIT 2`,
)

/** Seals a stream's rows, a segment at a time. Throws Unfit. */
async function* sealStream(db: Session, bucket: R2Bucket, place: Place, { now, settled }: Times) {
  const [found] = await db.batch<Segment>([selectLatest(db, place)])
  const [latest, before] = found?.results ?? []
  let pending = latest?.state === 'pending' ? latest : undefined
  let previous = pending ? before : latest
  for (;;) {
    const lines = await readLines(db, place, previous, pending, settled)
    if (lines.length === 0 && !pending) return

    const n = (previous?.n ?? 0) + 1
    const ndjson = ndjsonOf(place, n, previous?.sha256 ?? NOTHING, lines)
    const digest = await sha256(ndjson)
    const segment: Segment | undefined = pending ?? (await begin(db, place, n, lines, digest))
    if (segment?.sha256 === digest) {
      await put(bucket, place, segment, ndjson)
      await db.batch([markSealed(db, { ...place, n, now, digest })])
      yield segment
      if (!pending && lines.length < ROWS_A_SEGMENT) return
    } else if (!segment || pending) {
      throw new Unfit(keyOf(place, { epoch: segment?.epoch ?? 0, n }))
    }
    // Where another run began it with other rows, those count: they are pending, or sealed already.
    pending = segment.sha256 !== digest && segment.state === 'pending' ? segment : undefined
    previous = pending ? previous : segment
  }
}

/** The rows of the pending segment, or of one yet to begin. */
async function readLines(
  db: Session,
  place: Place,
  previous: Segment | undefined,
  pending: Segment | undefined,
  settled: string,
): Promise<Line[]> {
  const upTo = pending?.last ?? (place.stream === 'accesses' ? settled : endOf(place))
  const range = { after: previous?.last ?? START, upTo, limit: ROWS_A_SEGMENT }
  const [found] = await db.batch<Line>([linesBetween(db, place, range)])
  return found?.results ?? []
}

// The operator's own deeds belong to no clinic; a restore in time sets back all clinics alike.
const insertPending = prepared(
  sql`INSERT INTO ${segments} (clinic_id, stream, n, epoch, state, row_count, last, last_at, sha256)
    SELECT :clinicId, :stream, :n, 1, 'pending', :rowCount, :last, :lastAt, :digest
    WHERE true ON CONFLICT DO NOTHING`,
)

/** Begins segment n, unless another run has; gives the segment as it then is. */
async function begin(
  db: Session,
  place: Place,
  n: number,
  lines: readonly Line[],
  digest: string,
): Promise<Segment | undefined> {
  const last = lines.at(-1)
  const { at }: { at: string } = JSON.parse(last?.line ?? '{}')
  const values = { ...place, n, rowCount: lines.length, last: last?.place ?? START, lastAt: at }
  const [, found] = await db.batch<Segment>([
    insertPending(db, { ...values, digest }),
    selectSegment(db, { ...place, n }),
  ])
  return found?.results[0]
}

/** Puts a segment into R2, if nothing is there; the same segment counts as done. Throws Unfit. */
async function put(bucket: R2Bucket, place: Place, segment: Segment, ndjson: string) {
  const key = keyOf(place, segment)
  const body = await compressed(ndjson)
  const stored = await bucket.put(key, body, {
    onlyIf: { etagDoesNotMatch: '*' },
    httpMetadata: { contentType: 'application/gzip' },
  })
  if (stored || (await readStored(bucket, place, key))?.sha256 === segment.sha256) return
  throw new Unfit(key)
}

const markSealed = prepared(
  sql`UPDATE ${segments} SET state = 'sealed', sealed_at = :now
    WHERE clinic_id = :clinicId AND stream = :stream AND n = :n AND state = 'pending' AND sha256 = :digest`,
)

const selectOld = prepared(
  sql`SELECT *, clinic_id AS clinicId, coalesce((SELECT last FROM ${segments} AS before
      WHERE before.clinic_id = old.clinic_id AND before.stream = old.stream AND before.n = old.n - 1), '') AS after
    FROM ${segments} AS old
    WHERE stream = 'accesses' AND state = 'sealed' AND sealed_at < :until ORDER BY sealed_at LIMIT :limit`,
)
const markAged = prepared(
  sql`UPDATE ${segments} SET state = 'aged'
    WHERE clinic_id = :clinicId AND stream = 'accesses' AND n = :n AND state = 'sealed'`,
)

/** Takes from D1 the accesses that were sealed before `until`, once R2 has shown that it has them. */
async function ageAccesses(db: Session, bucket: R2Bucket, until: string, sealed: Sealed) {
  const limit = ROWS_A_RUN / ROWS_A_SEGMENT
  const [found] = await db.batch<Segment & { clinicId: string; after: string }>([
    selectOld(db, { until, limit }),
  ])
  for (const { clinicId, after, ...segment } of found?.results ?? []) {
    const place: Place = { clinicId, stream: 'accesses' }
    const key = keyOf(place, segment)
    const stored = await readStored(bucket, place, key)
    if (stored?.sha256 !== segment.sha256) {
      sealed.unfit.push(key)
      continue
    }
    const { n, last } = segment
    await db.batch([markAged(db, { clinicId, n }), deleteAccesses(db, { clinicId, after, last })])
    sealed.aged += segment.row_count
  }
}
