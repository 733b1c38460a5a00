import { foldedWords } from '../../../../src/fields/fold.ts'
import { json, link, listBody, positive, refusal, type Asked, type Row } from './answer.ts'

export type Catalogue = { version: string; bookmark: string }

type Ready = { body: string; link: string }

/** Ready answers of one catalogue version: the same isolate memory and edge cache as the service has. */
let remembered = { version: '', answers: new Map<string, Ready>() }

const NAMES = ['id', 'plan_name', 'carrier', 'plan_type', 'coverage_details', 'active'].concat(
  'created_at',
  'updated_at',
)
const COLUMNS = NAMES.map((name) => `plans.${name}`).join()
const JSON_OF: Record<string, string> = {
  coverage_details: 'json(coverage_details)',
  active: `json(iif(active, 'true', 'false'))`,
}
const AS_JSON = `json_object(${NAMES.map((name) => `'${name}', ${JSON_OF[name] ?? name}`).join()})`

/** Serves the list, `facets` or one plan. */
export async function plans(
  asked: Asked,
  part: string | undefined,
  catalogue: Catalogue | null | undefined,
): Promise<Response> {
  const { url, env, ctx } = asked
  if (!catalogue) return refusal(503, 'Storage is temporarily unavailable')
  const query = part === undefined ? queryOf(url) : undefined
  if (query === null) return refusal(422, 'is invalid')
  const rest = query?.rest ?? `/${part}`

  const { version, bookmark } = catalogue
  if (remembered.version !== version) remembered = { version, answers: new Map() }
  let found = remembered.answers.get(url.origin + rest)
  let tier = 'MEMORY'
  const cacheKey = `${url.origin}/v1/clinic/insurances/plans${rest}`.replace(
    'plans',
    `plans/bare.${version}`,
  )
  if (!found) {
    const cached = await caches.default.match(cacheKey)
    if (cached) {
      tier = 'HIT'
      found = { body: await cached.text(), link: cached.headers.get('Link') ?? '' }
    }
  }
  if (!found) {
    tier = 'MISS'
    const session = env.DB.withSession(bookmark)
    const read = query ? await list(session, url, query) : await one(session, part)
    if (!read) return refusal(404, 'Plan not found')
    found = read
    const headers = { 'Cache-Control': 'public, max-age=86400', Link: found.link }
    ctx.waitUntil(caches.default.put(cacheKey, new Response(found.body, { headers })))
  }
  if (remembered.answers.size >= 256) remembered.answers.clear()
  remembered.answers.set(url.origin + rest, found)
  return json(found.body, 200, {
    ETag: `"r2.${version}${rest}"`,
    'Cache-Control': 'private, no-cache',
    'X-Cache': tier,
    ...(found.link && { Link: found.link }),
  })
}

type Query = NonNullable<ReturnType<typeof queryOf>>

/** The filters in one spelling, with the page, or null if something is wrong. */
function queryOf({ searchParams: parameters }: URL) {
  const page = positive(parameters.get('page') ?? '1')
  const size = positive(parameters.get('page_size') ?? '25')
  if (page === null || size === null || size > 100) return null
  const filters: Record<string, string> = {}
  for (const name of ['active', 'carrier', 'external_id', 'plan_type', 'search', 'sort_by']) {
    const sent = parameters.get(name)
    const value = name === 'external_id' ? sent : sent?.toLowerCase()
    if (value) filters[name] = value
  }
  const spelled = (isBefore: boolean) =>
    Object.entries(filters)
      .filter(([name]) => name < 'page' === isBefore)
      .map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll('%20', '+')}`)
      .join('&')
  const before = spelled(true) && `${spelled(true)}&`
  const after = spelled(false) && `&${spelled(false)}`
  const rest = `?${before}page=${page}&page_size=${size}${after}`
  return { page, size, filters, before, after, rest }
}

/** Runs one statement and gives its row. */
async function first(session: D1DatabaseSession, sql: string, values: unknown[]): Promise<Row> {
  const [answer] = await session.batch<Row>([session.prepare(sql).bind(...values)])
  return answer?.results[0] ?? {}
}

async function list(session: D1DatabaseSession, url: URL, query: Query): Promise<Ready> {
  const { page, size, filters, before, after } = query
  const skipped = (page - 1) * size
  const { json, total } = await first(session, ...statementOf(filters, skipped, size))
  return {
    body: listBody('plans', json, page, size, Number(total ?? 0)),
    link: link(url, page, size, Number(total ?? 0), before, after),
  }
}

function statementOf(
  filters: Query['filters'],
  skipped: number,
  size: number,
): [sql: string, values: unknown[]] {
  const { search, plan_type = null, carrier = null, active, external_id, sort_by = 'id' } = filters
  const page = (from: string, total: string) =>
    `SELECT json_group_array(${AS_JSON}) AS json, (${total}) AS total FROM (SELECT ${COLUMNS} FROM ${from})`
  if (search !== undefined) {
    const [word = '', ...others] = foldedWords(search).sort((a, b) => b.length - a.length)
    const from = `(SELECT DISTINCT plan_id FROM plan_words WHERE word >= ?1 AND word < ?1 || char(1114111))
      JOIN plans ON plans.id = plan_id ${others.length > 0 ? 'WHERE' : ''}
      ${others.map((_, n) => `instr(words, ?${n + 4})`).join(' AND ')}`
    return [
      page(`${from} ORDER BY id LIMIT ?2 OFFSET ?3`, `SELECT count(*) FROM ${from}`),
      [word, size, skipped, ...others.map((other) => `"${other}`)],
    ]
  }
  if (external_id !== undefined) {
    const from = 'plans WHERE external_id = ?1'
    return [page(from, `SELECT count(*) FROM ${from}`), [external_id]]
  }
  if (Object.keys(filters).length === 0) {
    const from = 'plans WHERE id BETWEEN ?1 AND ?2 ORDER BY id'
    return [page(from, 'SELECT max(id) FROM plans'), [skipped + 1, skipped + size]]
  }
  const isActive = active === undefined ? null : Number(active === 'true' || active === '1')
  const [from, to] = [skipped, skipped + size - 1]
  return [
    page(
      `plan_lists JOIN json_each(ids) AS listed JOIN plans ON plans.id = listed.value
        WHERE list = ?1 AND chunk BETWEEN ?2 AND ?3 AND chunk * 100 + listed.key BETWEEN ?4 AND ?5
        ORDER BY chunk * 100 + listed.key`,
      'SELECT total FROM plan_lists WHERE list = ?1 AND chunk = 0',
    ),
    [
      JSON.stringify([sort_by, plan_type, carrier, isActive]),
      ...[Math.floor(from / 100), Math.floor(to / 100), from, to],
    ],
  ]
}

const FACET = (
  name: string,
) => `json((SELECT json_group_array(json_object('name', name, 'count', plans)) FROM (
  SELECT name, plans FROM plan_facets WHERE facet = '${name}' ORDER BY folded)))`
const FACETS = `SELECT json_object('carriers', ${FACET('carrier')}, 'plan_types', ${FACET('plan_type')}) AS json`
const ONE = `SELECT ${AS_JSON} AS json FROM plans WHERE id = ?`

async function one(session: D1DatabaseSession, part = ''): Promise<Ready | undefined> {
  const { json } = await (part === 'facets'
    ? first(session, FACETS, [])
    : first(session, ONE, [positive(part)]))
  return typeof json === 'string' ? { body: json, link: '' } : undefined
}
