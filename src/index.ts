import { methodNotAllowed } from 'hono/method-not-allowed'
import { secureHeaders } from 'hono/secure-headers'
import { sealTrail } from './trail/seal.ts'
import { databaseOf } from './storage/session.ts'
import { factory, type Bindings } from './env.ts'
import { allowOrigins } from './http/allow-origins.ts'
import { authenticate } from './http/authenticate.ts'
import { renderError, renderMethodNotAllowed, renderNotFound } from './http/errors.ts'
import { harden } from './http/harden.ts'
import { limitRate } from './http/limit-rate.ts'
import { logLine, logRequest } from './http/log.ts'
import { nameRequest } from './http/name-request.ts'
import { openSession } from './http/open-session.ts'
import { leaveTrail } from './trail/leave-trail.ts'
import { kinds } from './kinds.ts'
import { ownables } from './ownables/routes.ts'
import { plans } from './plans/routes.ts'
import { changesRoutes } from './records/changes.ts'
import { sweepKeys } from './records/idempotency.ts'
import { recordRoutes } from './records/routes.ts'
import { serveReference } from './health/reference.ts'
import { service } from './health/routes.ts'

const BASE = '/v1/clinic/insurances'

/** What runs hourly works on thousands of rows at a time, and nobody waits for it. */
const STEP_MILLISECONDS = 30_000

const app = factory.createApp()

app.onError(renderError)
app.notFound(renderNotFound(app, BASE))

app.use(nameRequest, logRequest, secureHeaders(), harden, allowOrigins)
app.use(methodNotAllowed({ app, onMethodNotAllowed: renderMethodNotAllowed }))
app.use('/docs/*', serveReference)
app.use('/v1/*', authenticate, openSession, leaveTrail, limitRate)

for (const kind of kinds) app.route(`${BASE}/${kind.name}`, recordRoutes(kind))

export const routes = app
  .route(`${BASE}/changes`, changesRoutes(kinds))
  .route(`${BASE}/plans`, plans)
  .route(`${BASE}/ownables`, ownables)
  .route('/', service)

export default {
  fetch: app.fetch,

  /** Runs hourly, by the cron trigger of wrangler.toml. */
  async scheduled(_, env) {
    const begunAt = Date.now()
    const db = databaseOf(env, 'first-primary', STEP_MILLISECONDS)
    const keys = await sweepKeys(db)
    logLine('info', { code: 'swept', keys, duration_ms: Date.now() - begunAt })
    if (!env.TRAIL) return
    const sealed = await sealTrail(db, env.TRAIL)
    logLine(sealed.unfit.length > 0 ? 'error' : 'info', { code: 'sealed', ...sealed })
  },
} satisfies ExportedHandler<Bindings>
