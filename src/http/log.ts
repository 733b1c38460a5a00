import type { Context } from 'hono'
import { routePath } from 'hono/route'
import type { Env } from '../factory.ts'

/** One structured line. The route's pattern stands for the URL, which may hold a patient's id. */
export function log(c: Context<Env>, level: 'error' | 'warn', detail: { code: string }): void {
  console[level](
    JSON.stringify({
      level,
      request_id: c.var.requestId,
      method: c.req.method,
      route: routePath(c, -1),
      code: detail.code,
    }),
  )
}
