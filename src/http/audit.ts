import type { Context } from 'hono'
import { routePath } from 'hono/route'
import { appendEvent, type AuditEvent } from '../audit/queries.ts'
import { factory, type Env } from '../factory.ts'
import { log } from './log.ts'

/** The routes to PHI: of a resource, or of one of its records. */
const PHI = /^\/v1\/clinic\/insurances\/(person_informations|dependents|ownables)(\/:.*)?$/

/** What leaves its event here. What was written left it in the batch that wrote it. */
const READ = new Set([200])
const REFUSED = new Set([403, 404, 429])

/**
 * Leaves an audit event of every read of PHI and of every refusal to touch it, after the answer: the client
 * does not wait, and an event that storage would not take after three tries goes to the log instead.
 */
export const audit = factory.createMiddleware(async (c, next) => {
  await next()
  const event = eventOf(c)
  if (event) c.executionCtx.waitUntil(append(c, event))
})

function eventOf(c: Context<Env>): AuditEvent | undefined {
  const { status } = c.res
  const [, resource, record] = PHI.exec(routePath(c, -1)) ?? []
  const action = actionOf(c.req.method, record !== undefined)
  if (!isAudited(resource) || action === undefined) return undefined
  if (!READ.has(status) && !REFUSED.has(status)) return undefined
  return {
    requestId: c.get('requestId'),
    clinicId: c.get('caller').clinicId,
    tokenId: c.get('caller').tokenId,
    action,
    resource,
    recordIds: [...(c.get('recordIds') ?? [])],
    status,
  }
}

const isAudited = (resource: string | undefined): resource is AuditEvent['resource'] =>
  resource !== undefined

function actionOf(method: string, isOfRecord: boolean): AuditEvent['action'] | undefined {
  if (method === 'POST') return 'create'
  if (method === 'PUT') return 'register'
  if (method === 'GET' || method === 'HEAD') return isOfRecord ? 'read' : 'list'
  return undefined
}

async function append(c: Context<Env>, event: AuditEvent): Promise<void> {
  // The answer goes out first.
  await scheduler.wait(0)
  try {
    await c.get('db').batch([appendEvent(c.get('db'), event)])
  } catch {
    log(c, 'error', { code: 'AuditEventNotStored', event })
  }
}
