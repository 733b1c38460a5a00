import type { Context } from 'hono'
import { sql } from 'drizzle-orm/sql/sql'
import type { Env } from '../env.ts'
import { IDEMPOTENCY_KEY } from '../http/headers.ts'
import type { Session } from '../storage/session.ts'
import { sha256 } from '../storage/sha256.ts'
import { changedRows, first, statements, type ValuesOf } from '../storage/statement.ts'
import { idempotencyKeys } from '../storage/tables.ts'

/**
 * What makes a write safe to send again: the clinic's key, and a fingerprint of the request that used it.
 * `requestId` tells a client's second request from our own second try of the first; `now` is in ISO 8601.
 */
export const KEY = {
  clinicId: 'text',
  tokenId: 'text',
  requestId: 'text',
  key: 'text',
  fingerprint: 'text',
  now: 'text',
} as const
export type IdempotencyKey = ValuesOf<typeof KEY>

/** A key of our own has a prefix that no client can send, as it is no printable ASCII. */
const OWN = '\u00b7'

/** The key of a write for which nobody sent one: our second try then finds what the first may have done. */
export const ownKey = ({
  clinicId,
  tokenId,
  requestId = crypto.randomUUID(),
}: {
  clinicId: string
  tokenId: string
  requestId?: string
}): IdempotencyKey => ({
  ...{ clinicId, tokenId, requestId, key: OWN + requestId, fingerprint: '' },
  now: new Date().toISOString(),
})

/**
 * The key to write under: the client's, or one of our own. `masked` is the body with four digits of each SSN: from a
 * hash of all nine, an SSN could be found by trying every number there is.
 */
export async function idempotencyKey(c: Context<Env>, masked: unknown): Promise<IdempotencyKey> {
  const { pathname, search } = new URL(c.req.url)
  const request = [c.req.method, pathname, search, c.req.header('If-Match') ?? null, masked]
  const { clinicId, tokenId } = c.get('caller')
  const own = ownKey({ clinicId, tokenId, requestId: c.get('requestId') })
  return {
    ...own,
    key: c.req.header(IDEMPOTENCY_KEY) ?? own.key,
    fingerprint: await sha256(JSON.stringify(request)),
  }
}

/** A portion is quick, so that the writes of clinics come between two. */
const PORTION = 5000
const ONE_DAY = 24 * 60 * 60 * 1000

/** Behind every clinic. */
const END = { clinic_id: '~', key: '' }

const { $, statement } = statements('idempotency', {
  afterClinic: 'text',
  afterKey: 'text',
  untilClinic: 'text',
  untilKey: 'text',
  before: 'text',
  portion: 'integer',
})

const selectLastOfPortion = statement<{ clinic_id: string; key: string }>(sql`
  SELECT clinic_id, key FROM ${idempotencyKeys} WHERE (clinic_id, key) > (${$.afterClinic}, ${$.afterKey})
  ORDER BY clinic_id, key LIMIT 1 OFFSET ${$.portion} - 1`)

const deleteOld = statement(sql`
  DELETE FROM ${idempotencyKeys} WHERE (clinic_id, key) > (${$.afterClinic}, ${$.afterKey})
    AND (clinic_id, key) <= (${$.untilClinic}, ${$.untilKey}) AND at < ${$.before}`)

/** Forgets the keys that were used more than 24 hours ago, and gives their number. */
export async function sweepKeys(db: Session, now = Date.now()): Promise<number> {
  const before = new Date(now - ONE_DAY).toISOString()
  let swept = 0
  for (let [afterClinic, afterKey, isLast] = ['', '', false]; !isLast;) {
    const after = { afterClinic, afterKey, untilClinic: '', untilKey: '', before, portion: PORTION }
    const found = await first(db, selectLastOfPortion, after)
    const until = found ?? END
    swept += await changedRows(db, deleteOld, {
      ...after,
      ...{ untilClinic: until.clinic_id, untilKey: until.key },
    })
    ;[afterClinic, afterKey, isLast] = [until.clinic_id, until.key, found === undefined]
  }
  return swept
}
