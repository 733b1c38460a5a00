import type { Context } from 'hono'
import { databaseOf } from '../db/session.ts'
import { factory, type Env } from '../factory.ts'
import { NOT_INCLUDED } from '../fields/messages.ts'
import { requireScope } from '../http/authenticate.ts'
import { describe } from '../http/describe.ts'
import { isNoneOf } from '../http/etag.ts'
import { linkHeader, pageRequest, listBody, searchOf } from '../http/pagination.ts'
import { validateQuery } from '../http/validate.ts'
import {
  CATALOGUE_KEY,
  etagOf,
  readCatalogue,
  throughTiers,
  type PlansAnswer,
  type Tier,
} from './catalogue.ts'
import { listPlans } from './queries.ts'
import { planList, plansFilter, type PlansFilter } from './schema.ts'

const listing = describe({
  id: 'listPlans',
  tag: 'Plans',
  summary: 'List insurance plans',
  description:
    'One catalogue for all clinics, cached at the edge. Send the `ETag` of your copy as ' +
    '`If-None-Match` and an unchanged list is 304, without a body.',
  answers: {
    200: { description: 'A page of plans.', body: planList, headers: ['Link', 'ETag', 'X-Cache'] },
    304: { description: 'Your copy is up to date.', headers: ['ETag', 'X-Cache'] },
  },
  invalid: { active: [NOT_INCLUDED] },
})

export const plans = factory
  .createApp()
  .get('/', listing, requireScope('plans:read'), validateQuery(plansFilter), async (c) => {
    const query = c.req.valid('query')
    const search = `?${searchOf(query)}`
    const url = c.req.url.replace(/\?.*$|$/, search)

    const catalogue = readCatalogue(c.get('valuesBesideToken').get(CATALOGUE_KEY))
    if (!catalogue) return answer(c, await load(c.env, 'first-primary', url, query), 'BYPASS')

    const etag = etagOf(catalogue.version, search)
    c.header('ETag', etag)
    if (!isNoneOf(etag, c.req.header('If-None-Match'))) return notModified(c)

    const [found, tier] = await throughTiers(
      catalogue.version,
      url,
      (promise) => c.executionCtx.waitUntil(promise),
      () => load(c.env, catalogue.bookmark, url, query),
    )
    return answer(c, found, tier)
  })

/** Reads D1 at `bookmark` or later, so that a lagging replica cannot refill the list it replaced. */
async function load(
  env: Env['Bindings'],
  bookmark: string,
  url: string,
  query: PlansFilter,
): Promise<PlansAnswer> {
  const page = await listPlans(databaseOf(env, bookmark), {
    ...pageRequest(query),
    planType: query.plan_type,
    carrier: query.carrier,
    active: query.active,
  })
  return {
    body: await new Blob([listBody('plans', page)]).arrayBuffer(),
    link: linkHeader(url, page, query),
  }
}

/** Clients may keep the list, for themselves, and ask each time whether it is still the one. */
const REVALIDATE = 'private, no-cache'

function answer(c: Context<Env>, { body, link }: PlansAnswer, tier: Tier) {
  return c.body(body, 200, {
    'Content-Type': 'application/json',
    'Cache-Control': REVALIDATE,
    Link: link,
    'X-Cache': tier,
  })
}

/** The version alone, which is in memory by now, tells that the client's copy is good. */
const notModified = (c: Context<Env>) =>
  c.body(null, 304, { 'Cache-Control': REVALIDATE, 'X-Cache': 'MEMORY' })
