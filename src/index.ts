import { methodNotAllowed } from 'hono/method-not-allowed'
import { secureHeaders } from 'hono/secure-headers'
import { databaseOf } from './db/session.ts'
import { factory, type Bindings } from './factory.ts'
import { allowOrigins } from './http/allow-origins.ts'
import { authenticate, readBesideToken } from './http/authenticate.ts'
import { renderError, renderMethodNotAllowed, renderNotFound } from './http/errors.ts'
import { forbidStoring } from './http/forbid-storing.ts'
import { limitBody } from './http/limit-body.ts'
import { limitRate } from './http/limit-rate.ts'
import { logRequest } from './http/log.ts'
import { nameRequest } from './http/name-request.ts'
import { openSession } from './http/open-session.ts'
import { leaveTrail } from './http/trail.ts'
import { kinds } from './kinds.ts'
import { ownables } from './ownables/routes.ts'
import { CATALOGUE_KEY } from './plans/catalogue.ts'
import { plans } from './plans/routes.ts'
import { sweepKeys } from './records/idempotency.ts'
import { recordRoutes } from './records/routes.ts'
import { serveReference } from './service/reference.ts'
import { service } from './service/routes.ts'

const app = factory.createApp()

app.onError(renderError)
app.notFound(renderNotFound)

app.use(nameRequest, logRequest, secureHeaders(), forbidStoring, allowOrigins)
app.use(methodNotAllowed({ app, onMethodNotAllowed: renderMethodNotAllowed }))
app.use('/docs/*', serveReference)
app.use('/v1/clinic/insurances/plans', readBesideToken(CATALOGUE_KEY))
app.use('/v1/*', authenticate, openSession, leaveTrail, limitRate, limitBody)

for (const kind of kinds) app.route(`/v1/clinic/insurances/${kind.name}`, recordRoutes(kind))

export const routes = app
  .route('/v1/clinic/insurances/plans', plans)
  .route('/v1/clinic/insurances/ownables', ownables)
  .route('/', service)

export default {
  fetch: app.fetch,

  /** Runs hourly, by the cron trigger of wrangler.toml. */
  async scheduled(_, env) {
    await sweepKeys(databaseOf(env, 'first-primary'))
  },
} satisfies ExportedHandler<Bindings>
