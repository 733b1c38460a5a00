import type { Session } from '../../storage/session.ts'
import { listKeys, readStored } from '../../trail/bucket.ts'
import {
  comparePlaces,
  END,
  keyOf,
  linesBetween,
  GENESIS,
  segmentsOf,
  type Chain,
  type Line,
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

const ROWS_A_PAGE = 500

/** All events of a clinic since `since` (ISO 8601, or '' for all), in order of time. */
export async function* trailOf(
  db: Session,
  bucket: R2Bucket | undefined,
  clinicId: string,
  since: string,
) {
  const events = (['accesses', 'changes'] as const).map((stream) => eventsOf({ clinicId, stream }))
  yield* merged(events, (a, b) => Number(a.at > b.at) - Number(a.at < b.at))

  async function* eventsOf(chain: Chain): AsyncGenerator<TrailEvent> {
    const lost = bucket ? await listKeys(bucket, chain) : new Set<string>()
    for await (const segment of segmentsOf(db, chain)) lost.delete(keyOf(chain, segment))
    const sources = [agedLines(chain), lostLines(chain, lost), keptLines(chain)]
    // After a restore of the database, a row may be in both stores, and a lost row may share its place with a new one.
    let last = { place: '', lines: new Set<string>() }
    for await (const row of merged(sources, (a, b) => comparePlaces(chain, a.place, b.place))) {
      if (row.place !== last.place) last = { place: row.place, lines: new Set() }
      if (last.lines.has(row.line)) continue
      last.lines.add(row.line)
      const { at, token_id, request_id, action, resource, ...rest } = JSON.parse(row.line)
      if (at < since) continue
      const ids = chain.stream === 'accesses' ? rest.ids : String(rest.record_id)
      const status = rest.status ?? null
      yield { at, clinic_id: clinicId, token_id, request_id, action, resource, ids, status }
    }
  }

  /** The rows that D1 may no longer have, from R2. More may age while these are read. Throws SegmentMissing. */
  async function* agedLines(chain: Chain) {
    for await (const segment of segmentsOf(db, chain)) {
      if (segment.state !== 'aged' || segment.last_at < since) continue
      const key = keyOf(chain, segment)
      const stored = bucket && (await readStored(bucket, key))
      if (!stored) throw new SegmentMissing(key)
      yield* stored.lines
    }
  }

  /** The rows that a restore of the database has lost, from R2. */
  async function* lostLines(chain: Chain, keys: Iterable<string>) {
    const lines: Line[] = []
    for (const key of keys) {
      const stored = bucket && (await readStored(bucket, key))
      lines.push(...(stored?.lines ?? []))
    }
    yield* lines.sort((a, b) => comparePlaces(chain, a.place, b.place))
  }

  async function* keptLines(chain: Chain) {
    for (let after = chain.stream === 'accesses' ? since : GENESIS.last; ;) {
      const range = { after, upTo: END, since, limit: ROWS_A_PAGE }
      const [page] = await db.batch<Line>([linesBetween(db, chain, range)])
      const lines = page?.results ?? []
      yield* lines
      after = lines.at(-1)?.place ?? after
      if (lines.length < ROWS_A_PAGE) return
    }
  }
}

/** Merges ordered sequences. Of equal items, those of the first sequence come first. */
async function* merged<Item>(
  sources: readonly AsyncGenerator<Item>[],
  compare: (a: Item, b: Item) => number,
): AsyncGenerator<Item> {
  const heads = await Promise.all(
    sources.map(async (source) => ({ source, next: await source.next() })),
  )
  for (;;) {
    const [first] = heads
      .filter(({ next }) => !next.done)
      .sort((a, b) => compare(a.next.value, b.next.value))
    if (!first) return
    yield first.next.value
    first.next = await first.source.next()
  }
}
