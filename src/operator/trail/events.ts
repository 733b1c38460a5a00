import type { Session } from '../../storage/session.ts'
import { listKeys, readStored } from '../../trail/bucket.ts'
import {
  comparePlaces,
  streamEnd,
  keyOf,
  linesBetween,
  segmentsOf,
  START,
  type Line,
  type Place,
} from '../../trail/segments.ts'

/** An event of the trail, whether it was an access or a change. `status` is null for a change, which succeeded. */
export type TrailEvent = {
  at: string
  clinic_id: string
  token_id: string
  request_id: string
  action: string
  resource: string
  ids: string
  status: number | null
}

/** A segment of R2 that cannot be read. The message is its key. */
export class SegmentMissing extends Error {}

/** All that happened in a clinic since `since` (ISO 8601, or '' for ever), in the order of time. */
export async function* trailOf(
  db: Session,
  bucket: R2Bucket | undefined,
  clinicId: string,
  since: string,
): AsyncGenerator<TrailEvent> {
  const accesses = eventsOf(db, bucket, { clinicId, stream: 'accesses' }, since)
  const changes = eventsOf(db, bucket, { clinicId, stream: 'changes' }, since)
  yield* merged(accesses, changes, (access, change) => access.at <= change.at)
}

async function* eventsOf(
  db: Session,
  bucket: R2Bucket | undefined,
  place: Place,
  since: string,
): AsyncGenerator<TrailEvent> {
  const isInOrder = (a: Line, b: Line) => comparePlaces(place, a.place, b.place) <= 0
  const sealed = merged(
    agedLines(db, bucket, place, since),
    lostLines(db, bucket, place),
    isInOrder,
  )
  // What a restore of the database brought back is in both stores, and what was lost by one may share a place.
  let last = { place: '', lines: new Set<string>() }
  for await (const row of merged(sealed, keptLines(db, place, since), isInOrder)) {
    if (row.place !== last.place) last = { place: row.place, lines: new Set() }
    if (last.lines.has(row.line)) continue
    last.lines.add(row.line)
    const { at, token_id, request_id, action, resource, ...rest } = JSON.parse(row.line)
    if (at < since) continue
    const ids = place.stream === 'accesses' ? rest.ids : String(rest.record_id)
    const status = rest.status ?? null
    yield { at, clinic_id: place.clinicId, token_id, request_id, action, resource, ids, status }
  }
}

/** The rows that D1 need not have any more, from R2. Throws SegmentMissing. */
async function* agedLines(
  db: Session,
  bucket: R2Bucket | undefined,
  place: Place,
  since: string,
): AsyncGenerator<Line> {
  for await (const segment of segmentsOf(db, place)) {
    if (segment.state !== 'aged' || segment.last_at < since) continue
    const key = keyOf(place, segment)
    const stored = bucket && (await readStored(bucket, place, key))
    if (!stored) throw new SegmentMissing(key)
    yield* stored.lines
  }
}

/** The rows that a restore of the database has lost, from R2. */
async function* lostLines(
  db: Session,
  bucket: R2Bucket | undefined,
  place: Place,
): AsyncGenerator<Line> {
  if (!bucket) return
  const strangers = await listKeys(bucket, place)
  for await (const segment of segmentsOf(db, place)) strangers.delete(keyOf(place, segment))
  const lines: Line[] = []
  for (const key of strangers) lines.push(...((await readStored(bucket, place, key))?.lines ?? []))
  yield* lines.sort((a, b) => comparePlaces(place, a.place, b.place))
}

const ROWS_A_PAGE = 500

/** The rows of D1. */
async function* keptLines(db: Session, place: Place, since: string): AsyncGenerator<Line> {
  let after = place.stream === 'accesses' ? since : START
  for (;;) {
    const range = { after, upTo: streamEnd(place), since, limit: ROWS_A_PAGE }
    const [page] = await db.batch<Line>([linesBetween(db, place, range)])
    const lines = page?.results ?? []
    yield* lines
    after = lines.at(-1)?.place ?? after
    if (lines.length < ROWS_A_PAGE) return
  }
}

/** Two ordered sequences as one. */
async function* merged<Item>(
  first: AsyncGenerator<Item>,
  second: AsyncGenerator<Item>,
  isInOrder: (a: Item, b: Item) => boolean,
): AsyncGenerator<Item> {
  let [a, b] = [await first.next(), await second.next()]
  while (!a.done || !b.done) {
    if (b.done || (!a.done && isInOrder(a.value, b.value))) {
      if (!a.done) yield a.value
      a = await first.next()
    } else {
      yield b.value
      b = await second.next()
    }
  }
}
