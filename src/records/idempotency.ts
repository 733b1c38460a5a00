import type { Context } from 'hono'
import { sql } from 'drizzle-orm/sql/sql'
import type { Env } from '../env.ts'
import { IDEMPOTENCY_KEY } from '../http/headers.ts'
import type { Session } from '../storage/session.ts'
import { sha256 } from '../storage/sha256.ts'
import { changedRows, first, statements, type ValuesOf } from '../storage/statement.ts'
import { idempotencyKeys } from '../storage/tables.ts'

/**
 * What makes a write safe to repeat: the clinic's key and a fingerprint of its request. `requestId` tells a client's
 * second request from our own retry of the first; `now` is in ISO 8601.
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

/** A write of the record `id`. `etags` is a JSON array, one of which it must have; null allows any. */
export const TARGETED = { ...KEY, id: 'integer', etags: 'text?' } as const
export type Target = Pick<ValuesOf<typeof TARGETED>, 'id' | 'etags'>

type Writer = { clinicId: string; tokenId: string; requestId?: string }

/** The prefix of our own keys. Clients can't send it, since it isn't printable ASCII. */
const OWN = '\u00b7'

/** A key for a write that came without one, so that our retry finds what the first try may have done. */
export function ownKey({ clinicId, tokenId, requestId = crypto.randomUUID() }: Writer) {
  const now = new Date().toISOString()
  return { clinicId, tokenId, requestId, key: OWN + requestId, fingerprint: '', now }
}

/**
 * The client's key, or one of our own. `masked` is the body with only the last four digits of each SSN: from a hash of
 * all nine, an SSN could be found by trying every number.
 */
export async function idempotencyKey(c: Context<Env>, masked: unknown): Promise<IdempotencyKey> {
  const { pathname, search } = new URL(c.req.url)
  const request = [c.req.method, pathname, search, c.req.header('If-Match') ?? null, masked]
  const own = ownKey({ ...c.get('caller'), requestId: c.get('requestId') })
  return {
    ...own,
    key: c.req.header(IDEMPOTENCY_KEY) ?? own.key,
    fingerprint: await sha256(JSON.stringify(request)),
  }
}

/** How many keys a statement covers: few enough that clinics' writes get in between. */
const PORTION = 5000
const ONE_DAY = 24 * 60 * 60 * 1000

/** Sorts after every clinic. */
const END = { clinic_id: '~', key: '' }

const FROM = { afterClinic: 'text', afterKey: 'text', portion: 'integer' } as const
const UNTIL = { untilClinic: 'text', untilKey: 'text', before: 'text' } as const
const { $, statement } = statements('idempotency', { ...FROM, ...UNTIL })

const selectLastOfPortion = statements('idempotency', FROM).statement<typeof END>(sql`
  SELECT clinic_id, key FROM ${idempotencyKeys} WHERE (clinic_id, key) > (${$.afterClinic}, ${$.afterKey})
  ORDER BY clinic_id, key LIMIT 1 OFFSET ${$.portion} - 1`)

const deleteOld = statement(sql`
  DELETE FROM ${idempotencyKeys} WHERE (clinic_id, key) > (${$.afterClinic}, ${$.afterKey})
    AND (clinic_id, key) <= (${$.untilClinic}, ${$.untilKey}) AND at < ${$.before}`)

/** Deletes the keys that were used more than 24 hours ago. Returns how many there were. */
export async function sweepKeys(db: Session, now = Date.now()): Promise<number> {
  const before = new Date(now - ONE_DAY).toISOString()
  let [swept, after] = [0, { clinic_id: '', key: '' }]
  while (after !== END) {
    const from = { afterClinic: after.clinic_id, afterKey: after.key, portion: PORTION }
    const until = (await first(db, selectLastOfPortion, from)) ?? END
    const to = { untilClinic: until.clinic_id, untilKey: until.key, before }
    swept += await changedRows(db, deleteOld, { ...from, ...to })
    after = until
  }
  return swept
}
