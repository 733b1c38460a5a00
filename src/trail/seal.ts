import { sql } from 'drizzle-orm/sql/sql'
import { statements } from '../storage/statement.ts'
import type { Session } from '../storage/session.ts'
import { segments } from '../storage/tables.ts'
import { sha256 } from '../storage/sha256.ts'
import { ageAccesses } from './age.ts'
import { compressed, readStored } from './bucket.ts'
import {
  streamEnd,
  headerOf,
  keyOf,
  linesBetween,
  ndjsonOf,
  NOTHING,
  START,
  type Line,
  type Place,
  type Segment,
} from './segments.ts'
import { listUnsealed, secondsUnsealed, settledBefore } from './unsealed.ts'

// Sealing takes three steps for each segment: it is pending in D1, it is put into R2, it is sealed in D1. A run that
// died between two of them is taken up by the next, and of two runs at once the first to write a step decides.

/** An object of some 300 kB, and a statement that lets the writes of clinics come between two. */
const ROWS_A_SEGMENT = 5000
/** Compressing a row takes some ten microseconds of a run's processor time. */
const ROWS_A_RUN = 200_000
/** So many streams take a step in one call of D1: a run has thousands of streams, and its calls are limited. */
const STREAMS_AT_ONCE = 8

/** What a run did. `unfit` are segments that the next run will not seal either: see `audit verify`. */
export type Sealed = {
  segments: number
  rows: number
  aged: number
  unfit: string[]
  /** How long the oldest row that is left has been waiting; 0 if none is. */
  oldest_seconds: number
}

/**
 * Seals what is unsealed, in rounds: each takes one segment of every stream that has rows left, the longest-waiting
 * first, so that no clinic waits for the end of another's backlog. Then old accesses leave D1. Safe to run at any time.
 */
export async function sealTrail(
  db: Session,
  bucket: R2Bucket,
  now = Date.now(),
  mostRows = ROWS_A_RUN,
): Promise<Sealed> {
  const sealed = { segments: 0, rows: 0 }
  const unfit: string[] = []
  let waiting: Place[] = await listUnsealed(db, now)
  while (waiting.length > 0 && sealed.rows < mostRows) {
    const left: Place[] = []
    for (let n = 0; n < waiting.length && sealed.rows < mostRows; n += STREAMS_AT_ONCE) {
      const streams = waiting.slice(n, n + STREAMS_AT_ONCE)
      const done = await sealNext(db, bucket, streams, now)
      for (const { place, outcome, key, lines, before } of done) {
        if (outcome === 'unfit') unfit.push(key)
        if (outcome === 'sealed') sealed.segments++
        if (outcome === 'sealed') sealed.rows += lines.length
        const isLast = outcome === 'sealed' && !before && lines.length < ROWS_A_SEGMENT
        if (outcome !== 'unfit' && !isLast) left.push(place)
      }
    }
    waiting = left
  }
  const aged = await ageAccesses(db, bucket, now)
  return {
    ...sealed,
    aged: aged.rows,
    unfit: [...unfit, ...aged.unfit],
    oldest_seconds: await secondsUnsealed(db, now),
  }
}

/** The next segment of a stream, and what D1 had of it before: another run may have begun it. */
type Next = {
  place: Place
  values: Parameters<typeof begin.bind>[1]
  lines: Line[]
  ndjson: string
  key: string
  before: Segment | undefined
}

/**
 * What became of a segment. Unfit: what is to be sealed is not what it was, or something else lies where it belongs.
 * Overtaken: another run began it with other rows, which count.
 */
type Outcome = 'sealed' | 'overtaken' | 'unfit'

const ofSegment = statements('trail/seal', {
  ...{ clinicId: 'text', stream: 'text', n: 'integer', rowCount: 'integer' },
  ...{ last: 'text', lastAt: 'text', digest: 'text', now: 'text' },
})
const { $ } = ofSegment

/** Begins a segment, and gives it as D1 then has it. */
const begin = ofSegment.statement<Segment>(
  sql`INSERT INTO ${segments} (clinic_id, stream, n, state, row_count, last, last_at, sha256)
    VALUES (${$.clinicId}, ${$.stream}, ${$.n}, 'pending', ${$.rowCount}, ${$.last}, ${$.lastAt}, ${$.digest})
    ON CONFLICT DO UPDATE SET n = excluded.n RETURNING *`,
)
const markSealed = ofSegment.statement(
  sql`UPDATE ${segments} SET state = 'sealed', sealed_at = ${$.now}
    WHERE clinic_id = ${$.clinicId} AND stream = ${$.stream} AND n = ${$.n}
      AND state = 'pending' AND sha256 = ${$.digest}`,
)

const ofStream = statements('trail/seal', { clinicId: 'text', stream: 'text' })
const selectLatest = ofStream.statement<Segment>(
  sql`SELECT * FROM ${segments} WHERE clinic_id = ${ofStream.$.clinicId} AND stream = ${ofStream.$.stream}
    ORDER BY n DESC LIMIT 2`,
)

/** Seals the next segment of each of the streams that has rows left. */
async function sealNext(
  db: Session,
  bucket: R2Bucket,
  places: readonly Place[],
  now: number,
): Promise<(Next & { outcome: Outcome })[]> {
  const next = await readNext(db, places, now)
  const fresh = next.filter(({ before }) => !before)
  const answers =
    fresh.length > 0
      ? await db.batch<Segment>(fresh.map(({ values }) => begin.bind(db, values)))
      : []
  const begun = new Map(fresh.map((one, at) => [one, answers[at]?.results[0]]))
  const done = await Promise.all(
    next.map(async (one) => ({
      ...one,
      outcome: await put(bucket, one, one.before ?? begun.get(one)),
    })),
  )
  const sealed = done.filter(({ outcome }) => outcome === 'sealed')
  if (sealed.length > 0) await db.batch(sealed.map(({ values }) => markSealed.bind(db, values)))
  return done
}

/** What each stream's next segment is to hold: the rows of a pending one, or those after the last. */
async function readNext(db: Session, places: readonly Place[], now: number): Promise<Next[]> {
  const latest = await db.batch<Segment>(places.map((place) => selectLatest.bind(db, place)))
  const ranges = places.map((place, at) => {
    const [newest, second] = latest[at]?.results ?? []
    const before = newest?.state === 'pending' ? newest : undefined
    const previous = before ? second : newest
    const end = place.stream === 'accesses' ? settledBefore(now) : streamEnd(place)
    return { place, before, previous, after: previous?.last ?? START, upTo: before?.last ?? end }
  })
  const read = await db.batch<Line>(
    ranges.map(({ place, after, upTo }) =>
      linesBetween(db, place, { after, upTo, limit: ROWS_A_SEGMENT }),
    ),
  )
  const all = ranges.map(async ({ place, before, previous }, at) => {
    const lines = read[at]?.results ?? []
    const last = lines.at(-1)
    const { at: lastAt = '' }: { at?: string } = JSON.parse(last?.line ?? '{}')
    const n = (previous?.n ?? 0) + 1
    const ndjson = ndjsonOf(headerOf(place, n, previous?.sha256 ?? NOTHING), lines)
    const digest = await sha256(ndjson)
    const values = {
      ...{ ...place, n, rowCount: lines.length, last: last?.place ?? START, lastAt, digest },
      now: new Date(now).toISOString(),
    }
    const key = keyOf(place, { n, sha256: before?.sha256 ?? digest })
    return { place, values, lines, ndjson, key, before }
  })
  return (await Promise.all(all)).filter(({ before, lines }) => before || lines.length > 0)
}

/** Puts a segment, which D1 has as `begun`, into R2, if nothing is there; the same segment counts as done. */
async function put(
  bucket: R2Bucket,
  { place, key, ndjson, values, before }: Next,
  begun: Segment | undefined,
): Promise<Outcome> {
  const { digest } = values
  if (begun?.sha256 !== digest) return before || !begun ? 'unfit' : 'overtaken'
  const stored = await bucket.put(key, await compressed(ndjson), {
    onlyIf: { etagDoesNotMatch: '*' },
    httpMetadata: { contentType: 'application/gzip' },
  })
  const isThere = stored || (await readStored(bucket, place, key))?.sha256 === digest
  return isThere ? 'sealed' : 'unfit'
}
