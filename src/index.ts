import { methodNotAllowed } from 'hono/method-not-allowed'
import { secureHeaders } from 'hono/secure-headers'
import { sealTrail } from './trail/seal.ts'
import { databaseOf } from './storage/session.ts'
import { factory, type Bindings } from './env.ts'
import { allowOrigins } from './http/allow-origins.ts'
import { BASE_PATH } from './http/base-path.ts'
import { authenticate, refuseSuspended } from './http/authenticate.ts'
import { renderError, renderMethodNotAllowed, renderNotFound } from './http/errors.ts'
import { harden } from './http/harden.ts'
import { limitRate } from './http/limit-rate.ts'
import { logRequest, logStep } from './http/log.ts'
import { openDatabase } from './http/open-database.ts'
import { leaveTrail } from './trail/leave-trail.ts'
import { ownableRoutes } from './ownables/routes.ts'
import { CATALOGUE_KEY } from './plans/catalogue.ts'
import { planRoutes } from './plans/routes.ts'
import { changesRoutes } from './records/changes.ts'
import { sweepKeys } from './records/idempotency.ts'
import { recordRoutes } from './records/routes.ts'
import { resources } from './resources/index.ts'
import { FILES, serveReference } from './health/reference.ts'
import { service, token } from './health/routes.ts'

/** Plans are cached by the catalogue's version, which is read in the same KV call as the token. */
const extraKeyOf = (path: string) =>
  path.startsWith(`${BASE_PATH}/plans`) ? CATALOGUE_KEY : undefined

/** Hourly statements handle thousands of rows, and nobody waits for them. */
const STEP_MILLISECONDS = 30_000

const app = factory.createApp()

app.onError(renderError)
app.notFound(renderNotFound(app, BASE_PATH))

app.use(logRequest, secureHeaders(), harden, allowOrigins)
app.use(methodNotAllowed({ app, onMethodNotAllowed: renderMethodNotAllowed }))
for (const path of FILES) app.use(path, serveReference)
app.use('/v1/*', authenticate(extraKeyOf), leaveTrail, limitRate, refuseSuspended, openDatabase)

for (const resource of resources) app.route(`${BASE_PATH}/${resource.name}`, recordRoutes(resource))

export const routes = app
  .route(`${BASE_PATH}/changes`, changesRoutes(resources))
  .route(`${BASE_PATH}/plans`, planRoutes)
  .route(`${BASE_PATH}/ownables`, ownableRoutes)
  .route(`${BASE_PATH}/token`, token)
  .route('/', service)

export default {
  fetch: app.fetch,

  /** Runs hourly, by the cron trigger of wrangler.toml. If one step fails, the others still run. */
  async scheduled(_, env) {
    const db = databaseOf(env, 'first-primary', STEP_MILLISECONDS)
    await logStep('swept', async () => ({ keys: await sweepKeys(db) }))
    const { TRAIL } = env
    if (TRAIL) await logStep('sealed', () => sealTrail(db, TRAIL))
  },
} satisfies ExportedHandler<Bindings>
