import type { Context } from 'hono'
import { databaseOf, type Session } from '../storage/session.ts'
import { factory, type Env } from '../env.ts'
import { BASE_PATH } from '../http/base-path.ts'
import { requireScope } from '../http/authenticate.ts'
import { describe } from '../http/describe.ts'
import { ApiError, invalid, only } from '../http/errors.ts'
import { isNoneOf } from '../http/etag.ts'
import { linkHeader, listBody, searchOf } from '../http/pagination.ts'
import { refuseQuery, validateQuery } from '../http/validate.ts'
import {
  catalogueEtag,
  readCatalogue,
  throughTiers,
  type PlansAnswer,
  type Tier,
  type Version,
} from './catalogue.ts'
import { findFacets, findPlan, listPlans } from './queries.ts'
import { FLAG_MESSAGE, plan, facetsAnswer, planList, planPath, plansFilter } from './schema.ts'

/** The canonical path: `/pl%61ns` is the same one, and must use the same cache entry. */
const PATH = `${BASE_PATH}/plans`

const NOT_FOUND = 'Plan not found'
const TOO_MANY = 'too many matches; add more letters'

const HEADERS = ['ETag', 'X-Cache'] as const
const UNCHANGED = { description: 'Your copy is up to date.', headers: HEADERS }

const listing = describe('listPlans', 'Plans', 'List insurance plans', {
  description:
    'One catalogue for all clinics, cached at the edge. Send the `ETag` of your copy as ' +
    '`If-None-Match` and an unchanged list is 304, without a body.',
  answers: {
    200: { description: 'A page of plans.', body: planList, headers: ['Link', ...HEADERS] },
    304: UNCHANGED,
  },
  invalid: { active: [FLAG_MESSAGE] },
})

const listingFacets = describe('listPlanFacets', 'Plans', 'List carriers and plan types', {
  description:
    'For drop-downs: every carrier and plan type of the catalogue, and how many plans each has.',
  answers: {
    200: { description: 'What there is.', body: facetsAnswer, headers: HEADERS },
    304: UNCHANGED,
  },
})

const getting = describe('getPlan', 'Plans', 'Get an insurance plan', {
  path: planPath,
  answers: {
    200: { description: 'The plan.', body: plan, headers: HEADERS },
    304: UNCHANGED,
    404: { description: 'The catalogue has no such plan.', refusal: NOT_FOUND },
  },
})

const readers = requireScope('plans:read')

export const planRoutes = factory
  .createApp()
  .get('/', listing, readers, validateQuery(plansFilter), (c) => {
    const query = c.req.valid('query')
    return serve(c, `?${searchOf(query)}`, async (db, url) => {
      const page = await listPlans(db, query)
      if (!page) throw invalid({ search: [TOO_MANY] })
      const json = listBody('plans', page, query)
      return { version: page.version, json, link: linkHeader(url, page, query) }
    })
  })
  .use('/facets', only('GET', 'HEAD'))
  .get('/facets', listingFacets, readers, refuseQuery, (c) => serve(c, '/facets', findFacets))
  .get('/:id', getting, readers, refuseQuery, (c) => {
    const { data: path } = planPath.safeParse(c.req.param())
    if (!path) throw new ApiError(404, NOT_FOUND)
    return serve(c, `/${path.id}`, async (db) => {
      const { json, version } = (await findPlan(db, path.id)) ?? {}
      if (!json) throw new ApiError(404, NOT_FOUND)
      return { json, version }
    })
  })

/** Reads an answer from D1: its JSON, the catalogue's version, and its `Link` if it has one. */
type Load = (db: Session, url: string) => Promise<{ json: string; version: Version; link?: string }>

/** Serves the path `rest` below `/plans` from the nearest tier that has it. */
async function serve(c: Context<Env>, rest: string, load: Load): Promise<Response> {
  const url = originOf(c.req.url) + PATH + rest
  /** Reads D1 at `bookmark` or later, so that a lagging replica can't put old plans back into the caches. */
  const loadAt = async (bookmark: string): Promise<PlansAnswer> => {
    const { json, version, link = '' } = await load(databaseOf(c.env, bookmark), url)
    return { version, link, body: await new Blob([json]).arrayBuffer() }
  }

  const catalogue = readCatalogue(c.get('extraValue'))
  if (!catalogue) return answer(c, rest, await loadAt('first-primary'), 'BYPASS')

  const { version, bookmark } = catalogue
  const etag = catalogueEtag(version, rest)
  if (!isNoneOf(etag, c.req.header('If-None-Match'))) return notModified(c, etag)

  const waitUntil = (promise: Promise<unknown>) => c.executionCtx.waitUntil(promise)
  const [found, tier] = await throughTiers(version, url, waitUntil, () => loadAt(bookmark))
  return answer(c, rest, found, tier)
}

/** The scheme and host of an absolute URL. Parsing all of it takes ten times as long. */
const originOf = (url: string) => url.slice(0, url.indexOf('/', 'https://'.length))

/** Clients may keep a private copy, and must ask each time whether it is up to date. */
const REVALIDATE = 'private, no-cache'

const answer = (c: Context<Env>, rest: string, { body, link, version }: PlansAnswer, tier: Tier) =>
  c.body(body, 200, {
    'Content-Type': 'application/json',
    'Cache-Control': REVALIDATE,
    'X-Cache': tier,
    ...(link && { Link: link }),
    ...(version && tier !== 'BYPASS' && { ETag: catalogueEtag(version, rest) }),
  })

/** The version, which is in memory by now, is enough to tell that the client's copy is up to date. */
const notModified = (c: Context<Env>, etag: string) =>
  c.body(null, 304, { 'Cache-Control': REVALIDATE, 'X-Cache': 'MEMORY', ETag: etag })
