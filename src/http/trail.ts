import type { Context } from 'hono'
import { matchedRoutes } from 'hono/route'
import { appendEvent, type AuditEvent, type Deed } from '../audit/queries.ts'
import { factory, type Env } from '../factory.ts'
import { noteOf } from './describe.ts'
import { log } from './log.ts'

/** Answers that leave their event here. What was written left it in the batch that wrote it. */
const READ_OR_REFUSED = new Set([200, 403, 404, 429])

/**
 * Leaves an audit event of every read of personal data and of every refusal to touch it, after the answer: the
 * client does not wait, and an event that storage would not take after three tries goes to the log instead.
 */
export const leaveTrail = factory.createMiddleware(async (c, next) => {
  await next()
  const deed = deedOf(c)
  if (deed && READ_OR_REFUSED.has(c.res.status)) c.executionCtx.waitUntil(append(c, deed))
})

/** What the matched route says that it does. */
const deedOf = (c: Context<Env>): Deed | undefined =>
  matchedRoutes(c)
    .map(({ handler }) => noteOf(handler).operation?.deed)
    .find((deed) => deed !== undefined)

async function append(c: Context<Env>, deed: Deed): Promise<void> {
  const { clinicId, tokenId } = c.get('caller')
  const event: AuditEvent = {
    ...deed,
    requestId: c.get('requestId'),
    clinicId,
    tokenId,
    recordIds: c.get('recordIds') ?? [],
    status: c.res.status,
  }
  // The answer goes out first.
  await scheduler.wait(0)
  try {
    await c.get('db').batch([appendEvent(c.get('db'), event)])
  } catch {
    log(c, 'error', { code: 'AuditEventNotStored', event })
  }
}
