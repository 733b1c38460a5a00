import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sealTrail } from '../../src/trail/seal.ts'
import { verifyTrail } from '../../src/operator/trail/verify.ts'
import { createClinic } from '../../src/clinics/queries.ts'
import { keyAt } from './segments.ts'
import type { Session } from '../../src/storage/session.ts'

type Stores = { db: Session; bucket: R2Bucket }

const SEGMENTS = 3
const ROWS = 4
const DAY = 24 * 60 * 60_000
const START = Date.parse('2026-01-01T00:00:00Z')
const AGED = 1

/** When a segment was sealed. */
const dayOf = (segment: number) => START + ([0, 20, 31][segment - 1] ?? 0) * DAY

let made = 0

/** A clinic of three segments of four rows in each stream. The first of its accesses is aged. */
async function sealedClinic({ db, bucket }: Stores): Promise<string> {
  const clinicId = `manipulated-${++made}`
  await createClinic(db, clinicId)
  const insert = {
    accesses: db.prepare(
      "INSERT INTO accesses (clinic_id, at, request_id, token_id, action, resource, ids, status) VALUES (?1, ?2, 'request-' || ?3, 'token-' || ?3, 'read', 'dependents', ?3, 200)",
    ),
    changes: db.prepare(
      "INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before) VALUES (?1, ?3, 'dependents', ?3, 1, 'create', ?2, 'token-' || ?3, 'request-' || ?3, '[]', NULL)",
    ),
  }
  for (let segment = 0; segment < SEGMENTS; segment++) {
    const day = dayOf(segment + 1)
    const rows = Array.from({ length: ROWS }, (_, row) => segment * ROWS + row + 1)
    const at = (n: number) => new Date(day + n * 1000).toISOString()
    await db.batch(
      rows.flatMap((n) => [
        // D1 binds a number as 1.0, which text would keep.
        insert.accesses.bind(clinicId, at(n), `${n}`),
        insert.changes.bind(clinicId, at(n), `${n}`),
      ]),
    )
    await sealTrail(db, bucket, day + 3_600_000)
  }
  return clinicId
}

/** What is done: to which stream, segment and row, and how. */
type Target = { clinicId: string; stream: 'changes' | 'accesses'; segment: number; row: number }
type Deed = (stores: Stores, target: Target) => Promise<Found>

/** What `audit verify` must name: the number of the segment and, where it can know it, of the row. */
type Found = { segment: number; row?: number; stream?: Target['stream'] }

const numberOf = ({ segment, row }: Target) => (segment - 1) * ROWS + row
const keyOf = ({ bucket }: Stores, { clinicId, stream }: Target, segment: number) =>
  keyAt(bucket, clinicId, stream, segment)
const isRow = ({ stream }: Target, n: number) =>
  stream === 'changes'
    ? `clinic_id = ?1 AND seq = ${n}`
    : `clinic_id = ?1 AND request_id = 'request-${n}'`
/** Another row of the same segment. */
const neighbourOf = (target: Target) => numberOf(target) + (target.row < ROWS ? 1 : -1)

/** Runs SQL that must change `count` rows. */
async function change({ db }: Stores, { clinicId }: Target, count: number, ...queries: string[]) {
  const answers = await db.batch(queries.map((query) => db.prepare(query).bind(clinicId)))
  expect(answers.reduce((sum, { meta }) => sum + meta.changes, 0)).toBe(count)
}

/** Writes an object of R2 anew, with other lines; the first is its header. */
async function rewrite({ bucket }: Stores, key: string, edit: (lines: string[]) => string[]) {
  const object = await bucket.get(key)
  if (!object) throw new Error(`${key} is not there`)
  const text = gunzipSync(new Uint8Array(await object.arrayBuffer())).toString()
  const edited = edit(text.trimEnd().split('\n'))
  const bytes = gzipSync(`${edited.join('\n')}\n`)
  await bucket.put(key, bytes)
  return createHash('sha256')
    .update(`${edited.join('\n')}\n`)
    .digest('hex')
}

const forged = (line = '') => line.replace(/"token_id":"[^"]*"/, '"token_id":"somebody else"')

const altering =
  (column: string, value: string): Deed =>
  async (stores, target) => {
    const n = numberOf(target)
    await change(
      stores,
      target,
      1,
      `UPDATE ${target.stream} SET ${column} = ${value} WHERE ${isRow(target, n)}`,
    )
    return { segment: target.segment, row: n }
  }

const inD1: Deed[] = [
  altering('token_id', "'somebody else'"),
  altering('action', "'list'"),
  altering('resource', "'plans'"),
  async (stores, target) => {
    const column = target.stream === 'changes' ? 'changed = \'["email"]\'' : 'status = 404'
    const n = numberOf(target)
    await change(
      stores,
      target,
      1,
      `UPDATE ${target.stream} SET ${column} WHERE ${isRow(target, n)}`,
    )
    return { segment: target.segment, row: n }
  },
  async (stores, target) => {
    const n = numberOf(target)
    await change(stores, target, 1, `DELETE FROM ${target.stream} WHERE ${isRow(target, n)}`)
    return { segment: target.segment, row: n }
  },
  async (stores, target) => {
    const [a, b] = [numberOf(target), neighbourOf(target)].sort((x, y) => x - y)
    const swap = (n = 0, other = 0) =>
      `UPDATE ${target.stream} SET token_id = 'token-${other}' WHERE ${isRow(target, n)}`
    await change(stores, target, 2, swap(a, b), swap(b, a))
    return { segment: target.segment, ...(a !== undefined && { row: a }) }
  },
]

/** Adds an access beside the row, or puts another change into its place. */
const add: Deed = async (stores, target) => {
  const n = numberOf(target)
  if (target.stream === 'accesses') {
    const at = new Date(dayOf(target.segment) + n * 1000).toISOString()
    await change(
      stores,
      target,
      1,
      `INSERT INTO accesses (clinic_id, at, request_id, token_id, action, resource, ids, status) VALUES (?1, '${at}', 'added', 'token', 'read', 'dependents', '1', 200)`,
    )
    return { segment: target.segment }
  }
  await change(
    stores,
    target,
    2,
    `DELETE FROM changes WHERE ${isRow(target, n)}`,
    `INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before) VALUES (?1, ${n}, 'dependents', 99, 1, 'create', '2026-01-01', 'token', 'added', '[]', NULL)`,
  )
  return { segment: target.segment, row: n }
}

const inR2: Deed[] = [
  async (stores, target) => {
    await rewrite(stores, await keyOf(stores, target, target.segment), (lines) =>
      lines.map((line, n) => (n === target.row ? forged(line) : line)),
    )
    return { segment: target.segment, row: numberOf(target) }
  },
  async (stores, target) => {
    await rewrite(stores, await keyOf(stores, target, target.segment), (lines) =>
      lines.toSpliced(target.row, 1),
    )
    return { segment: target.segment, row: numberOf(target) }
  },
  async (stores, target) => {
    await rewrite(stores, await keyOf(stores, target, target.segment), (lines) =>
      lines.toSpliced(target.row, 0, forged(lines[target.row])),
    )
    return { segment: target.segment }
  },
  async (stores, target) => {
    const other = neighbourOf(target) - (target.segment - 1) * ROWS
    await rewrite(stores, await keyOf(stores, target, target.segment), (lines) =>
      lines.map(
        (line, n) =>
          (n === target.row ? lines[other] : n === other ? lines[target.row] : line) ?? '',
      ),
    )
    return { segment: target.segment }
  },
  async (stores, target) => {
    await stores.bucket.delete(await keyOf(stores, target, target.segment))
    return { segment: target.segment }
  },
  async (stores, target) => {
    await stores.bucket.put(await keyOf(stores, target, target.segment), 'no segment')
    return { segment: target.segment }
  },
  async (stores, target) => {
    const { bucket } = stores
    const other = (target.segment % SEGMENTS) + 1
    const [a, b] = [await keyOf(stores, target, target.segment), await keyOf(stores, target, other)]
    const [one, two] = [await bucket.get(a), await bucket.get(b)]
    const [first, second] = [await one?.arrayBuffer(), await two?.arrayBuffer()]
    await bucket.put(a, second ?? '')
    await bucket.put(b, first ?? '')
    return { segment: Math.min(target.segment, other) }
  },
  async ({ bucket }, target) => {
    const { clinicId, stream } = target
    const key = `${clinicId}/${stream}/${SEGMENTS + 1}/${'f'.repeat(64)}`
    await bucket.put(key, gzipSync('{}\n{"seq":99}\n'))
    return { segment: SEGMENTS + 1 }
  },
]

const isSegment = ({ stream, segment }: Target) =>
  `clinic_id = ?1 AND stream = '${stream}' AND n = ${segment}`

const inTheIndex: Deed[] = [
  ...['row_count = 3', "last = '2'", "last_at = '2026-01-01'", "sha256 = 'f'"].map(
    (set): Deed =>
      async (stores, target) => {
        await change(stores, target, 1, `UPDATE segments SET ${set} WHERE ${isSegment(target)}`)
        return { segment: target.segment }
      },
  ),
  async (stores, target) => {
    await change(stores, target, 1, `DELETE FROM segments WHERE ${isSegment(target)}`)
    return { segment: target.segment < SEGMENTS ? target.segment + 1 : SEGMENTS }
  },
]

/** The same row altered in both stores, under the digest that goes with it; the old object is `left` or deleted. */
async function forge(stores: Stores, target: Target, left: boolean) {
  const key = await keyOf(stores, target, target.segment)
  const object = await stores.bucket.get(key)
  const original = await object?.arrayBuffer()
  const digest = await rewrite(stores, key, (lines) =>
    lines.map((line, n) => (n === target.row ? forged(line) : line)),
  )
  const altered = await stores.bucket.get(key)
  await stores.bucket.put(key.replace(/[^/]+$/, digest), (await altered?.arrayBuffer()) ?? '')
  if (left) await stores.bucket.put(key, original ?? '')
  else await stores.bucket.delete(key)
  const n = numberOf(target)
  await change(
    stores,
    target,
    isAged(target) ? 1 : 2,
    `UPDATE ${target.stream} SET token_id = 'somebody else' WHERE ${isRow(target, n)}`,
    `UPDATE segments SET sha256 = '${digest}' WHERE ${isSegment(target)}`,
  )
}

/** The next segment does not follow what was made anew. */
const inBoth: Deed = async (stores, { segment, ...rest }) => {
  const target = { ...rest, segment: Math.min(segment, SEGMENTS - 1) }
  await forge(stores, target, false)
  return { segment: target.segment + 1 }
}

/** The last one made anew: a locked bucket keeps what it was, and the fork shows it. */
const aFork: Deed = async (stores, rest) => {
  const target = { ...rest, segment: SEGMENTS }
  await forge(stores, target, true)
  return { segment: SEGMENTS }
}

/** A row of the journal is deleted, and said to have aged; the journal ages only where its clinic has moved. */
const hidden: Deed = async (stores, rest) => {
  const target = { ...rest, stream: 'changes' as const }
  const n = numberOf(target)
  await change(
    stores,
    target,
    2,
    `UPDATE segments SET state = 'aged' WHERE ${isSegment(target)}`,
    `DELETE FROM changes WHERE ${isRow(target, n)}`,
  )
  return { segment: target.segment, row: n, stream: target.stream }
}

const isAged = ({ stream, segment }: Target) => stream === 'accesses' && segment === AGED

/** So many random manipulations of what is sealed are found, and named. */
export function findsManipulations(stores: () => Stores, runs: number, timeout?: number) {
  it(
    `names ${runs} of ${runs} random manipulations, in D1 and in R2`,
    async () => {
      const target = fc.record({
        stream: fc.constantFrom('changes' as const, 'accesses' as const),
        segment: fc.integer({ min: 1, max: SEGMENTS }),
        row: fc.integer({ min: 1, max: ROWS }),
      })
      const deed = fc.constantFrom(...inD1, add, ...inR2, ...inTheIndex, inBoth, aFork, hidden)
      await fc.assert(
        fc.asyncProperty(target, deed, async (where, manipulate) => {
          const clinicId = await sealedClinic(stores())
          const at = { ...where, clinicId }
          // D1 has no rows of an aged segment to be altered.
          const chosen = isAged(at) && inD1.includes(manipulate) ? add : manipulate
          expect(await misfitsOf(stores(), at)).toEqual([])

          const expected = await chosen(stores(), at)

          const [misfit, ...more] = await misfitsOf(stores(), at)
          const [, stream, n] = misfit?.segment.split('/') ?? []
          expect({ stream, segment: Number(n), more }).toEqual({
            stream: expected.stream ?? at.stream,
            segment: expected.segment,
            more: [],
          })
          if (expected.row !== undefined && (expected.stream || !isAged(at))) {
            expect(misfit?.row).toMatch(new RegExp(`(^|request-)${expected.row}$`))
          }
        }),
        { numRuns: runs },
      )
    },
    timeout,
  )
}

async function misfitsOf({ db, bucket }: Stores, { clinicId }: Target) {
  const misfits = []
  for await (const { misfit } of verifyTrail(db, bucket, clinicId)) if (misfit) misfits.push(misfit)
  return misfits
}
