import { sql } from 'drizzle-orm/sql/sql'
import { batch, rows, statements } from '../../storage/statement.ts'
import type { Session } from '../../storage/session.ts'
import { accesses, changes, clinics, segments } from '../../storage/tables.ts'
import { sha256 } from '../../storage/sha256.ts'
import { listClinicsIn, listKeys, readStored } from '../../trail/bucket.ts'
import {
  comparePlaces,
  headerOf,
  keyOf,
  linesBetween,
  ndjsonOf,
  GENESIS,
  segmentsOf,
  STREAMS,
  type Chain,
  type Line,
  type Segment,
} from '../../trail/segments.ts'

/** The last sealed segment of a stream. Kept elsewhere, it later proves that nothing up to it was rewritten. */
export type Head = { clinic_id: string; stream: string; n: number; sha256: string }

const ofAll = statements('verify trail', {})
const selectHeads = ofAll.statement<Head>(sql`
  SELECT clinic_id, stream, max(n) AS n, sha256 FROM ${segments} WHERE state <> 'pending'
    GROUP BY clinic_id, stream`)

const selectClinicIds = ofAll.statement<{ id: string }>(sql`
  SELECT id FROM ${clinics} UNION SELECT clinic_id FROM ${changes}
    UNION SELECT clinic_id FROM ${accesses} UNION SELECT clinic_id FROM ${segments}`)

const types = { clinicId: 'text', stream: 'text', n: 'integer', after: 'text' } as const
const { $, statement } = statements('verify trail', types)

/** D1 loses accesses when they age, and changes when their clinic has moved. */
const selectMayLackRows = statement<{ may_lack_rows: number }>(sql`
  SELECT state = 'aged' AND (stream = 'accesses' OR EXISTS (
      SELECT * FROM ${clinics} WHERE id = clinic_id AND clinics.state = 'moved')) AS may_lack_rows
    FROM ${segments} WHERE clinic_id = ${$.clinicId} AND stream = ${$.stream} AND n = ${$.n}`)

/** Counts unsealed rows, and finds where D1 was restored: `resume` leaves such rows in both streams. */
const forStream = ({ table, place, key, keyOf }: (typeof STREAMS)[Chain['stream']]) => ({
  unsealed: statement<{ count: number }>(sql`
    SELECT count(*) AS count FROM ${table} WHERE clinic_id = ${$.clinicId} AND (${key}) > ${keyOf($.after)}`),
  setBack: statement<{ place: string }>(sql`
    SELECT ${place} AS place FROM ${table} WHERE clinic_id = ${$.clinicId} AND action IN ('skip', 'resume')`),
})
const ofStream = { changes: forStream(STREAMS.changes), accesses: forStream(STREAMS.accesses) }

export const listHeads = (db: Session): Promise<Head[]> => rows(db, selectHeads, {})

/** The first segment that doesn't fit, by its key, and its first such row, by its seq or its time and request. */
type Misfit = { segment: string; row?: string; found: string }

const FORGOTTEN = 'D1 knows nothing of it; after a restore in time, run `resume`'

/** Checks all that was sealed, in both stores, against its digests, and those against the heads that were kept. */
export async function* verifyTrail(
  db: Session,
  bucket: R2Bucket,
  clinicId?: string,
  heads: readonly Head[] = [],
) {
  // A kept head may name a clinic that neither store knows any more: it has lost all of its trail.
  const all = async () => [
    ...(await rows(db, selectClinicIds, {})).map(({ id }) => id),
    ...(await listClinicsIn(bucket)),
    ...heads.map((head) => head.clinic_id),
  ]
  const clinicIds = clinicId === undefined ? await all() : [clinicId]
  for (const id of [...new Set(clinicIds)].sort()) {
    for (const stream of ['changes', 'accesses'] as const) {
      const own = heads.filter((head) => head.clinic_id === id && head.stream === stream)
      yield await verifyChain(db, bucket, { clinicId: id, stream }, own)
    }
  }
}

/** What became of one chain: how much is sealed, how much is not yet, and what does not fit, if anything. */
export type Verdict = Awaited<ReturnType<typeof verifyChain>>

async function verifyChain(db: Session, bucket: R2Bucket, chain: Chain, heads: readonly Head[]) {
  // R2 is listed first: a segment that is put there meanwhile must not count as unknown.
  const unlisted = await listKeys(bucket, chain)
  /** The number of the segment that may follow each known one, by its header, which is its first line. */
  const followers = new Map([[headerOf(chain, GENESIS), 1]])
  const setBack: string[] = []
  let previous: typeof GENESIS = GENESIS
  let rowCount = 0
  let sealedUpTo = GENESIS.last
  let misfit: Misfit | undefined
  for await (const segment of segmentsOf(db, chain)) {
    const key = keyOf(chain, segment)
    unlisted.delete(key)
    followers.set(headerOf(chain, segment), segment.n + 1)
    const stored = await readStored(bucket, key)
    misfit ??= await misfitOf(db, chain, previous, segment, stored)
    for (const { place, line } of stored?.lines ?? []) {
      if (/"action":"(skip|resume)"/.test(line)) setBack.push(place)
    }
    previous = segment
    if (segment.state === 'pending') continue
    rowCount += segment.row_count
    sealedUpTo = segment.last
  }
  const inD1 = await batch(db, ofStream[chain.stream], { ...chain, n: 0, after: sealedUpTo })
  setBack.push(...inD1.setBack.map(({ place }) => place))

  // A database that is restored to an earlier time has lost the segments sealed since, and their rows. R2 still has
  // them, so the chain forks there. A row that `resume` leaves explains a fork: it comes after all that was lost.
  // Nothing else should fork a chain.
  for (const key of unlisted) {
    const { header = '', sha256 = '', lines = [] } = (await readStored(bucket, key)) ?? {}
    const n = followers.get(header)
    const last = lines.at(-1)?.place
    const isExplained =
      n !== undefined &&
      key === keyOf(chain, { n, sha256 }) &&
      setBack.some((place) => last && comparePlaces(chain, place, last) >= 0)
    if (isExplained) followers.set(headerOf(chain, { n, sha256 }), n + 1)
    else misfit ??= { segment: key, found: FORGOTTEN }
  }
  for (const head of heads) {
    // It may be on a branch that a restore cut off.
    if (followers.has(headerOf(chain, head))) continue
    const became = head.n > previous.n ? 'it is gone' : 'is now another'
    misfit ??= { segment: keyOf(chain, head), found: `its digest was kept, and ${became}` }
  }
  return {
    clinic_id: chain.clinicId,
    stream: chain.stream,
    segments: previous.n,
    rows: rowCount,
    unsealed: inD1.unsealed[0]?.count ?? 0,
    ...(misfit && { misfit }),
  }
}

/** Why a segment doesn't fit the one before, its digest, or the other store; undefined if it does. */
async function misfitOf(
  db: Session,
  chain: Chain,
  previous: typeof GENESIS,
  segment: Segment,
  stored: Awaited<ReturnType<typeof readStored>>,
): Promise<Misfit | undefined> {
  const at = { segment: keyOf(chain, segment) }
  const header = headerOf(chain, previous)
  if (segment.n !== previous.n + 1) return { ...at, found: 'the segment before it is not in D1' }

  const range = { after: previous.last, upTo: segment.last, limit: segment.row_count + 1 }
  // In one transaction: rows may age meanwhile.
  const [aged, found] = await db.batch<Line & { may_lack_rows: number }>([
    selectMayLackRows.bind(db, { ...chain, n: segment.n, after: '' }),
    linesBetween(db, chain, range),
  ])
  const held: Line[] = found?.results ?? []
  if (!stored) {
    if (segment.state !== 'pending') return { ...at, found: 'it is not in R2, or unreadable' }
    if ((await sha256(ndjsonOf(header, held))) === segment.sha256) return undefined
    return { ...at, found: 'its rows have changed since it was begun' }
  }
  if (stored.header !== header) return { ...at, found: 'it does not follow the segment before' }
  const difference = differenceOf(stored.lines, held, aged?.results[0]?.may_lack_rows === 1)
  if (difference) return { ...at, ...difference }

  const last = stored.lines.at(-1)
  const { at: lastAt }: { at?: string } = JSON.parse(last?.line ?? '{}')
  const isDescribed =
    segment.sha256 === stored.sha256 &&
    segment.row_count === stored.lines.length &&
    segment.last === last?.place &&
    segment.last_at === lastAt
  return isDescribed ? undefined : { ...at, found: 'it is not what was sealed' }
}

/** The first row by which R2 and D1 differ. */
function differenceOf(sealed: readonly Line[], held: readonly Line[], mayLackRows: boolean) {
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
