import { sql } from 'drizzle-orm/sql/sql'
import { statements } from '../storage/statement.ts'
import type { Session } from '../storage/session.ts'
import { segments } from '../storage/tables.ts'
import { sha256 } from '../storage/sha256.ts'
import { ageAccesses } from './age.ts'
import { putSegment } from './bucket.ts'
import {
  END,
  headerOf,
  keyOf,
  linesBetween,
  ndjsonOf,
  GENESIS,
  type Chain,
  type Line,
  type Segment,
} from './segments.ts'
import { listUnsealed, secondsUnsealed, settledBefore } from './unsealed.ts'

// A segment is sealed in three steps: begin it in D1 as pending, put it into R2, mark it sealed in D1. If a run dies
// between two steps, the next run continues; if two run at once, the first to write a step wins.

/** Makes an object of some 300 kB, and statements short enough that clinics' writes get in between. */
const ROWS_A_SEGMENT = 5000
/** Compressing a row takes some ten microseconds of a run's processor time. */
const ROWS_A_RUN = 200_000
/** How many chains share one call of D1: a run has thousands of chains, and its calls are limited. */
const CHAINS_AT_ONCE = 8

/**
 * Seals what is unsealed, then deletes old accesses from D1. A chain that has rows left goes to the end of the queue,
 * so that no clinic waits for another's backlog. Safe to run at any time. `unfit` are segments that the next run won't
 * seal either: see `audit verify`.
 */
export async function sealTrail(
  db: Session,
  bucket: R2Bucket,
  now = Date.now(),
  mostRows = ROWS_A_RUN,
) {
  const sealed = { segments: 0, rows: 0 }
  const unfit: string[] = []
  const waiting: Chain[] = await listUnsealed(db, now)
  while (waiting.length > 0 && sealed.rows < mostRows) {
    const chains = waiting.splice(0, CHAINS_AT_ONCE)
    for (const { chain, outcome, key, lines, pending } of await sealNext(db, bucket, chains, now)) {
      if (outcome === 'unfit') unfit.push(key)
      if (outcome === 'sealed') sealed.segments++
      if (outcome === 'sealed') sealed.rows += lines.length
      const isLast = outcome === 'sealed' && !pending && lines.length < ROWS_A_SEGMENT
      if (outcome !== 'unfit' && !isLast) waiting.push(chain)
    }
  }
  const aged = await ageAccesses(db, bucket, now)
  return {
    ...sealed,
    aged: aged.rows,
    unfit: [...unfit, ...aged.unfit],
    /** How long the oldest row that is left has been waiting; 0 if none is left. */
    oldest_seconds: await secondsUnsealed(db, now),
  }
}

const { $, statement } = statements('trail/seal', {
  clinicId: 'text',
  stream: 'text',
  n: 'integer',
  rowCount: 'integer',
  last: 'text',
  lastAt: 'text',
  digest: 'text',
  now: 'text',
})
const begin = statement(sql`
  INSERT INTO ${segments} (clinic_id, stream, n, state, row_count, last, last_at, sha256)
    VALUES (${$.clinicId}, ${$.stream}, ${$.n}, 'pending', ${$.rowCount}, ${$.last}, ${$.lastAt}, ${$.digest})
    ON CONFLICT DO NOTHING`)
const markSealed = statement(sql`
  UPDATE ${segments} SET state = 'sealed', sealed_at = ${$.now}
    WHERE clinic_id = ${$.clinicId} AND stream = ${$.stream} AND n = ${$.n}
      AND state = 'pending' AND sha256 = ${$.digest}`)

const ofChain = statements('trail/seal', { clinicId: 'text', stream: 'text' })
const selectLatest = ofChain.statement<Segment>(sql`
  SELECT * FROM ${segments} WHERE clinic_id = ${ofChain.$.clinicId} AND stream = ${ofChain.$.stream}
    ORDER BY n DESC LIMIT 2`)

/**
 * Seals the next segment of each chain that has rows left. Unfit: the pending rows have changed, or R2 has something
 * else under the key. Overtaken: another run began the segment, so this run will look at it again.
 */
async function sealNext(db: Session, bucket: R2Bucket, chains: readonly Chain[], now: number) {
  const next = await readNext(db, chains, now)
  const fresh = next.filter(({ pending }) => !pending)
  const answers =
    fresh.length > 0 ? await db.batch(fresh.map(({ values }) => begin.bind(db, values))) : []
  const begun = fresh.filter((_, at) => answers[at]?.meta.changes === 1)
  const outcomeOf = async (one: (typeof next)[number]) => {
    const { key, ndjson, pending, values } = one
    if (!pending && !begun.includes(one)) return 'overtaken'
    if (pending && pending.sha256 !== values.digest) return 'unfit'
    return (await putSegment(bucket, key, ndjson, values.digest)) ? 'sealed' : 'unfit'
  }
  const done = await Promise.all(
    next.map(async (one) => ({ ...one, outcome: await outcomeOf(one) })),
  )
  const sealed = done.filter(({ outcome }) => outcome === 'sealed')
  if (sealed.length > 0) await db.batch(sealed.map(({ values }) => markSealed.bind(db, values)))
  return done
}

/** Reads the rows of each chain's next segment: those of the pending one, or those after the last. */
async function readNext(db: Session, chains: readonly Chain[], now: number) {
  const latest = await db.batch<Segment>(chains.map((chain) => selectLatest.bind(db, chain)))
  const ranges = chains.map((chain, at) => {
    const [newest, second] = latest[at]?.results ?? []
    const pending = newest?.state === 'pending' ? newest : undefined
    const previous = (pending ? second : newest) ?? GENESIS
    const end = chain.stream === 'accesses' ? settledBefore(now) : END
    const range = { after: previous.last, upTo: pending?.last ?? end, limit: ROWS_A_SEGMENT }
    return { chain, pending, previous, read: linesBetween(db, chain, range) }
  })
  const answers = await db.batch<Line>(ranges.map(({ read }) => read))
  const all = ranges.map(async ({ chain, pending, previous }, at) => {
    const lines = answers[at]?.results ?? []
    const { place: last = '', line = '{}' } = lines.at(-1) ?? {}
    const { at: lastAt = '' }: { at?: string } = JSON.parse(line)
    const n = previous.n + 1
    const ndjson = ndjsonOf(headerOf(chain, previous), lines)
    const digest = await sha256(ndjson)
    const sealedAt = new Date(now).toISOString()
    const values = { ...chain, n, rowCount: lines.length, last, lastAt, digest, now: sealedAt }
    const key = keyOf(chain, pending ?? { n, sha256: digest })
    return { chain, values, lines, ndjson, key, pending }
  })
  return (await Promise.all(all)).filter(({ pending, lines }) => pending || lines.length > 0)
}
