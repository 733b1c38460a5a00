import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { TOP } from '../records/deletions.ts'
import { resources } from '../resources/index.ts'
import type { Session } from '../storage/session.ts'
import { batch, rows, statements } from '../storage/statement.ts'
import { changes, clinics, deletions } from '../storage/tables.ts'
import { listKeys, readStored } from '../trail/bucket.ts'

// A database that is restored to an earlier time doesn't know which ids and numbers it has given out since. Given out
// again, they would name other people in clinics' systems. So the highest are marked before, and skipped after.

/** The highest numbers that a clinic has given out: the `seq` of its last change, and an id for each resource. */
export type Mark = { clinic_id: string; seq: number; ids: Record<string, number> }

const selectMarks = statements('marks', {}).statement<Omit<Mark, 'ids'> & { ids: string }>(sql`
  SELECT id AS clinic_id, coalesce((SELECT max(seq) FROM ${changes} WHERE clinic_id = clinics.id), 0) AS seq,
    (SELECT json_group_object(resource, highest) FROM (
      SELECT resource, max(record_id) AS highest FROM ${changes} WHERE clinic_id = clinics.id GROUP BY resource)) AS ids
  FROM ${clinics} ORDER BY id`)

/** Every clinic's mark, all as of one moment. */
export async function listMarks(db: Session): Promise<Mark[]> {
  const none = Object.fromEntries(resources.map(({ name }) => [name, 0]))
  const found = await rows(db, selectMarks, {})
  return found.map(({ ids, ...mark }) => ({ ...mark, ids: { ...none, ...JSON.parse(ids) } }))
}

/** How many keys to look at. Each restore may leave one more segment with the same number; this is plenty. */
const FORKS = 100

/** The highest `seq` that R2 has of a clinic, 0 if none: a lower bound of what was given out. */
export async function highestSealed(bucket: R2Bucket, clinicId: string): Promise<number> {
  const keys = [...(await listKeys(bucket, { clinicId, stream: 'changes' }))].slice(-FORKS)
  const stored = await Promise.all(keys.map((key) => readStored(bucket, key)))
  return Math.max(0, ...stored.map((segment) => Number(segment?.lines.at(-1)?.place ?? 0)))
}

const { $, statement } = statements('resume', {
  clinicId: 'text',
  seq: 'integer',
  ids: 'text',
  now: 'text',
  tokenId: 'text',
  requestId: 'text',
})

const admit = statement(sql`
  INSERT INTO ${clinics} (id, state, created_at) VALUES (${$.clinicId}, 'open', ${$.now}) ON CONFLICT DO NOTHING`)

/** For each resource, the ids that may be lost, from `first` to `last`; none if `first` is greater. */
const lost = sql`(SELECT key AS resource, value AS last, 1 + coalesce((
        SELECT max(record_id) FROM ${changes} WHERE clinic_id = ${$.clinicId} AND resource = given.key), 0) AS first
      FROM json_each(${$.ids}) AS given) AS lost`
const lastSeq = sql`coalesce((SELECT max(seq) FROM ${changes} WHERE clinic_id = ${$.clinicId}), 0)`

/**
 * Counts ranges of ids, each `first` to `last` of a `resource`, as deleted. A node of the tree counts the ids after
 * node - (node & -node), up to its own.
 */
export const countRanges = (ranges: SQL) => sql`
  INSERT INTO ${deletions} (clinic_id, resource, node, n)
  WITH RECURSIVE path (resource, first, last, node) AS (
    SELECT resource, first, last, first FROM ${ranges} WHERE first <= last
    UNION ALL
    SELECT resource, first, last, iif(node < last, node + 1, node + (node & -node)) FROM path WHERE node < ${TOP})
  SELECT ${$.clinicId}, resource, node, sum(min(node, last) - max(first - 1, node - (node & -node))) FROM path
  GROUP BY resource, node`

const countLost = statement(sql`${countRanges(lost)} ON CONFLICT DO UPDATE SET n = n + excluded.n`)

const skip = statement(sql`
  INSERT INTO ${changes} (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
  SELECT ${$.clinicId}, seq, resource, record_id, -seq, 'skip',
    max(${$.now}, coalesce((SELECT at FROM ${changes} WHERE clinic_id = ${$.clinicId} ORDER BY seq DESC LIMIT 1), '')),
    ${$.tokenId}, ${$.requestId}, '[]'
  FROM (
    SELECT resource, max(last, first - 1) AS record_id,
      max(${lastSeq}, ${$.seq} - count(*) OVER ()) + row_number() OVER (ORDER BY resource) AS seq
    FROM ${lost} WHERE first <= last OR ${$.seq} > ${lastSeq})`)

/**
 * Skips what the mark says was given out: lost ids count as deleted, and changes are numbered on from its `seq`.
 * Running it again changes nothing.
 */
export async function resumeAfter(db: Session, mark: Mark, tokenId: string) {
  const { clinic_id: clinicId, seq, ids } = mark
  const who = { tokenId, requestId: crypto.randomUUID(), now: new Date().toISOString() }
  await batch(db, { admit, countLost, skip }, { ...who, clinicId, seq, ids: JSON.stringify(ids) })
}
