import type { Context } from 'hono'
import { routePath } from 'hono/route'
import { factory, type Env } from '../factory.ts'

/** All that a log line may carry besides the request's own fields. */
type Detail = { status?: number; duration_ms?: number; code?: string; event?: object }

/**
 * Writes one line of JSON: the only way to the log. Its fields are an allow-list. The route's pattern stands
 * for the URL, which may hold a patient's id, and a code for an error, whose message may hold a person.
 */
export function log(c: Context<Env>, level: 'info' | 'error', detail: Detail): void {
  console[level](
    JSON.stringify({
      level,
      request_id: c.get('requestId'),
      method: c.req.method,
      route: routePath(c, -1),
      clinic_id: c.get('caller')?.clinicId,
      token_id: c.get('caller')?.tokenId,
      ...detail,
    }),
  )
}

/** One line for each request, when it is answered. */
export const logRequest = factory.createMiddleware(async (c, next) => {
  const startedAt = Date.now()
  await next()
  log(c, 'info', { status: c.res.status, duration_ms: Date.now() - startedAt })
})
