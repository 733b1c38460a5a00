import type { Context } from 'hono'
import { appendAccess } from './access.ts'
import { rangesOf } from './ranges.ts'
import { recent } from '../storage/recent.ts'
import { databaseOf } from '../storage/session.ts'
import { changedRows } from '../storage/statement.ts'
import { factory, type Env } from '../env.ts'
import { deedOf, type Deed } from '../http/describe.ts'
import { log } from '../http/log.ts'

/** Answers that tell of records, or refuse to; so does a 422 that names some. */
const TELLING = new Set([200, 201, 204, 304, 403, 404, 412, 429])

/**
 * Leaves in the trail every read of personal data and every refusal to touch it, after the answer: the client does
 * not wait, and what storage would not take after three tries goes to the log instead. A write has left its change
 * in the journal, in the transaction that wrote it.
 */
export const leaveTrail = factory.createMiddleware(async (c, next) => {
  await next()
  const { status } = c.res
  const deed = deedOf(c)
  const isTelling = TELLING.has(status) || (status === 422 && c.get('recordIds') !== undefined)
  if (!deed || !isTelling || c.get('isJournaled')) return
  if (status === 429 && isToldThisMinute(c.get('caller').tokenId)) return
  c.executionCtx.waitUntil(append(c, deed))
})

/** The minute of each token's latest refusal for its rate: a flood must not become a flood of rows. */
const lastLimited = recent<number>(1000)

/** Whether an isolate has left a refusal of the token in the trail this minute. The log has them all. */
function isToldThisMinute(tokenId: string, now = Date.now()): boolean {
  const minute = Math.floor(now / 60_000)
  if (lastLimited.get(tokenId) === minute) return true
  lastLimited.set(tokenId, minute)
  return false
}

async function append(c: Context<Env>, deed: Deed): Promise<void> {
  const { clinicId, tokenId } = c.get('caller')
  const access = {
    ...deed,
    clinicId,
    tokenId,
    at: new Date().toISOString(),
    requestId: c.get('requestId'),
    ids: rangesOf(c.get('recordIds') ?? []),
    status: c.res.status,
  }
  // The answer goes out first.
  await scheduler.wait(0)
  try {
    await changedRows(databaseOf(c.env, 'first-primary'), appendAccess, access)
  } catch {
    log(c, 'error', { code: 'accessNotStored', access })
  }
}
