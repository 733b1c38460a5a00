import type { Context } from 'hono'
import { routePath } from 'hono/route'
import { factory, type Env } from '../env.ts'
import { storageFaultOf } from '../storage/faults.ts'
import { COMMIT, VERSION } from './version.ts'

/** What a log line may have, apart from the request's own fields. */
type Detail = {
  status?: number
  duration_ms?: number
  cache?: string | undefined
  refused?: string | undefined
  code?: string
  fault?: string | undefined
  access?: object
}

const version = COMMIT === null ? VERSION : `${VERSION}+${COMMIT}`

/** Writes one line of JSON. Nothing else writes to the log. */
export const logLine = (level: 'info' | 'error', fields: Record<string, unknown>) =>
  console[level](JSON.stringify({ time: new Date().toISOString(), level, version, ...fields }))

/**
 * Writes a line about a request, with no fields but these. It has the route's pattern instead of the URL, which may
 * hold a patient's id, and a code instead of an error's message, which may hold a name.
 */
export const log = (c: Context<Env>, level: 'info' | 'error', detail: Detail) =>
  logLine(level, {
    request_id: c.get('requestId'),
    method: c.req.method,
    route: routePath(c, -1),
    clinic_id: c.get('caller')?.clinicId,
    token_id: c.get('caller')?.tokenId,
    ...detail,
  })

/** Runs a step of the cron and writes a line about it, at level error if it failed or found something `unfit`. */
export async function logStep(
  code: string,
  step: () => Promise<{ unfit?: readonly string[] } & object>,
): Promise<void> {
  const startedAt = Date.now()
  const duration = () => ({ duration_ms: Date.now() - startedAt })
  try {
    const done = await step()
    logLine(done.unfit?.length ? 'error' : 'info', { code, ...done, ...duration() })
  } catch (error) {
    const fault = storageFaultOf(error) ?? 'unknown'
    logLine('error', { code: `${code}Failed`, fault, ...duration() })
  }
}

/**
 * Writes a line for each request once it is answered. We make the request's id ourselves, since a client could send
 * anything to get it into the logs.
 */
export const logRequest = factory.createMiddleware(async (c, next) => {
  const startedAt = Date.now()
  c.set('requestId', crypto.randomUUID())
  await next()
  c.res.headers.set('X-Request-Id', c.get('requestId'))
  log(c, 'info', {
    status: c.res.status,
    duration_ms: Date.now() - startedAt,
    cache: c.res.headers.get('X-Cache') ?? undefined,
    refused: c.get('refused'),
  })
})
