import type { Context } from 'hono'
import { appendAccess } from './access.ts'
import { rangesOf } from './ranges.ts'
import { lruCache } from '../storage/lru-cache.ts'
import { databaseOf } from '../storage/session.ts'
import { changedRows } from '../storage/statement.ts'
import { factory, type Env } from '../env.ts'
import { auditEventOf, type AuditEvent } from '../http/describe.ts'
import { log } from '../http/log.ts'

/** Answers that show records, or refuse to. A 422 that names some is recorded too. */
const RECORDED = new Set([200, 201, 204, 304, 403, 404, 412, 429])

/**
 * Records every read of personal data, and every refusal of it, in the trail. It does so after the answer, so the
 * client doesn't wait; what storage doesn't take after three tries goes to the log. Writes are already in the journal.
 */
export const leaveTrail = factory.createMiddleware(async (c, next) => {
  await next()
  const { status } = c.res
  const event = auditEventOf(c)
  const isRecorded = RECORDED.has(status) || (status === 422 && c.get('recordIds') !== undefined)
  if (!event || !isRecorded || c.get('isJournaled')) return
  if (status === 429 && isLimitRecorded(c.get('caller').tokenId)) return
  c.executionCtx.waitUntil(append(c, event))
})

/** The minute of each token's last recorded 429: a flood of requests must not become a flood of rows. */
const lastLimited = lruCache<number>(1000)

/** Whether this isolate has already recorded a 429 of the token this minute. The log has them all. */
function isLimitRecorded(tokenId: string): boolean {
  const minute = Math.floor(Date.now() / 60_000)
  if (lastLimited.get(tokenId) === minute) return true
  lastLimited.set(tokenId, minute)
  return false
}

async function append(c: Context<Env>, event: AuditEvent): Promise<void> {
  const { clinicId, tokenId } = c.get('caller')
  const request = { clinicId, tokenId, requestId: c.get('requestId'), at: new Date().toISOString() }
  const ids = rangesOf(c.get('recordIds') ?? [])
  const access = { ...event, ...request, ids, status: c.res.status }
  // Let the answer go out first.
  await scheduler.wait(0)
  try {
    await changedRows(databaseOf(c.env, 'first-primary'), appendAccess, access)
  } catch {
    log(c, 'error', { code: 'accessNotStored', access })
  }
}
