import type { Context } from 'hono'
import { sql } from 'drizzle-orm/sql/sql'
import { prepared } from '../db/prepared.ts'
import type { Session } from '../db/session.ts'
import { idempotencyKeys } from '../db/tables.ts'
import type { Env } from '../factory.ts'
import { sha256 } from '../fields/sha256.ts'
import { IDEMPOTENCY_KEY } from '../http/headers.ts'
import type { Given } from './kind.ts'

/**
 * What makes an insert safe to send again: the key, whose it is, and a fingerprint of the request that used
 * it. `requestId` tells a client's second request from our own second try of the first.
 */
export type IdempotencyKey = {
  clinicId: string
  tokenId: string
  key: string
  fingerprint: string
  requestId: string
}

/** A key lives for a day, and until the next run of the hourly sweep. */
const ONE_DAY = 24 * 60 * 60 * 1000

/**
 * The key to insert under. A client that sent none still gets one of our own making, so that our second try of
 * an insert finds what the first one may have done. The fingerprint holds the last four digits of the SSN
 * only: from a hash of all nine, the SSN could be found by trying every number there is.
 */
export async function idempotencyKey(c: Context<Env>, given: Given): Promise<IdempotencyKey> {
  const { clinicId, tokenId } = c.get('caller')
  const { ssn, ...others } = given
  const request = JSON.stringify([c.req.path, others, String(ssn).slice(-4)])
  return {
    clinicId,
    tokenId,
    key: c.req.header(IDEMPOTENCY_KEY) ?? c.get('requestId'),
    fingerprint: await sha256(request),
    requestId: c.get('requestId'),
  }
}

/** The rows of the key: one if it was used, else none. */
export const usesOfKey = sql`${idempotencyKeys}
  WHERE clinic_id = :clinicId AND token_id = :tokenId AND key = :key`

/** In the batch of an insert: keeps the key if that has just made a record. */
export const keepKey = prepared(
  sql`INSERT INTO ${idempotencyKeys}
      (clinic_id, token_id, key, fingerprint, request_id, record_id, created_at)
    SELECT :clinicId, :tokenId, :key, :fingerprint, :requestId, last_insert_rowid(), :now
    WHERE changes() = 1`,
)

/** In the batch of an insert: the request that used the key first. */
export const findKey = prepared(sql`SELECT request_id FROM ${usesOfKey}`)

const deleteKeys = prepared(sql`DELETE FROM ${idempotencyKeys} WHERE created_at < :before`)

/** Forgets the keys that are older than a day. */
export async function sweepKeys(db: Session, now = Date.now()): Promise<void> {
  await db.batch([deleteKeys(db, { before: new Date(now - ONE_DAY).toISOString() })])
}
