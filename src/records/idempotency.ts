import type { Context } from 'hono'
import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { prepared } from '../storage/prepared.ts'
import type { Session } from '../storage/session.ts'
import { idempotencyKeys } from '../storage/tables.ts'
import type { Env } from '../env.ts'
import { sha256 } from '../storage/sha256.ts'
import { IDEMPOTENCY_KEY } from '../http/headers.ts'

/**
 * What makes a write safe to send again: the clinic's key, and a fingerprint of the request that used it.
 * `requestId` tells a client's second request from our own second try of the first.
 */
export type IdempotencyKey = {
  clinicId: string
  tokenId: string
  requestId: string
  key: string
  fingerprint: string
} & Times

/** When the request came, in ISO 8601; every try of it has the same. */
export type Times = { now: string; today: string; yesterday: string }

const ONE_DAY = 24 * 60 * 60 * 1000
const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10)

export const timesOf = (time: number): Times => ({
  now: new Date(time).toISOString(),
  today: dayOf(time),
  yesterday: dayOf(time - ONE_DAY),
})

/** A key of our own has a prefix that no client can send, as it is no printable ASCII. */
const OWN = '\u00b7'

/**
 * The key to write under. A client that sent none still gets one of our own making, so that our second try
 * finds what the first one may have done. `masked` is the body with four digits of each SSN: from a hash of all
 * nine, an SSN could be found by trying every number there is.
 */
export async function idempotencyKey(c: Context<Env>, masked: unknown): Promise<IdempotencyKey> {
  const { clinicId, tokenId } = c.get('caller')
  const requestId = c.get('requestId')
  const { pathname, search } = new URL(c.req.url)
  const request = [c.req.method, pathname, search, c.req.header('If-Match') ?? null, masked]
  return {
    clinicId,
    tokenId,
    requestId,
    key: c.req.header(IDEMPOTENCY_KEY) ?? OWN + requestId,
    fingerprint: await sha256(JSON.stringify(request)),
    ...timesOf(Date.now()),
  }
}

/** The rows of the key: one if it was used today or yesterday, else none. */
export const usesOfKey = sql`${idempotencyKeys}
  WHERE day IN (:today, :yesterday) AND clinic_id = :clinicId AND key = :key`

/** Keeps the key with what it gave: the status, the first record, its version, and how many records there are. */
export const keepKey = (given: SQL) =>
  prepared(
    sql`INSERT INTO ${idempotencyKeys}
        (day, clinic_id, key, fingerprint, request_id, status, record_id, version, records)
      SELECT :today, :clinicId, :key, :fingerprint, :requestId, given.* FROM (${given}) AS given
      WHERE true ON CONFLICT DO NOTHING`,
  )

/** A portion is quick, so that the writes of clinics come between two. */
const PORTION = 5000
const MOST_PORTIONS = 200

const deleteKeys = prepared(
  sql`DELETE FROM ${idempotencyKeys} WHERE (day, clinic_id, key) IN (
    SELECT day, clinic_id, key FROM ${idempotencyKeys} WHERE day < :yesterday LIMIT :portion)`,
)

/** Forgets the keys that were used before yesterday, a million at most, and tells how many. */
export async function sweepKeys(db: Session, now = Date.now()): Promise<number> {
  const values = { yesterday: timesOf(now).yesterday, portion: PORTION }
  let swept = 0
  for (let portions = 0; portions < MOST_PORTIONS; portions++) {
    const [deleted] = await db.batch([deleteKeys(db, values)])
    const count = deleted?.meta.changes ?? 0
    swept += count
    if (count < PORTION) break
  }
  return swept
}
