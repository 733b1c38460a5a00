import { foldedWords } from '../../../../src/fields/fold.ts'
import { json, link, listBody, positive, refusal, type Asked, type Row } from './answer.ts'

export type Catalogue = { version: string; bookmark: string }

type Ready = { body: string; link: string }

/** Ready answers of one catalogue version: the same isolate memory and edge cache as the service has. */
let remembered = { version: '', answers: new Map<string, Ready>() }

const COLUMNS = ['id', 'plan_name', 'carrier', 'plan_type', 'coverage_details', 'active']
  .concat('created_at', 'updated_at')
  .map((name) => `plans.${name}`)
  .join()

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
  for (const name of ['active', 'carrier', 'plan_type', 'search']) {
    const value = parameters.get(name)?.toLowerCase()
    if (value !== undefined) filters[name] = value
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

async function list(session: D1DatabaseSession, url: URL, query: Query): Promise<Ready> {
  const { page, size, filters, before, after } = query
  const skipped = (page - 1) * size
  const [listed, counted] = await session.batch<Row>(statements(session, filters, skipped, size))
  const rows = (listed?.results ?? []).map(plan)
  const total = Number(counted?.results[0]?.total ?? 0)
  return {
    body: listBody('plans', rows, page, size, total),
    link: link(url, page, size, total, before, after),
  }
}

function statements(
  session: D1DatabaseSession,
  filters: Query['filters'],
  skipped: number,
  size: number,
) {
  const { search, plan_type = null, carrier = null, active } = filters
  if (search !== undefined) {
    const [first = '', ...others] = foldedWords(search).sort((a, b) => b.length - a.length)
    const from = `(SELECT DISTINCT plan_id FROM plan_words WHERE word >= ?1 AND word < ?1 || char(1114111))
      JOIN plans ON plans.id = plan_id WHERE ${others.map((_, n) => `instr(words, ?${n + 2}) AND`).join(' ')} true`
    const words = [first, ...others.map((word) => `"${word}`)]
    return [
      session
        .prepare(`SELECT ${COLUMNS} FROM ${from} ORDER BY id LIMIT ${size} OFFSET ${skipped}`)
        .bind(...words),
      session.prepare(`SELECT count(*) AS total FROM ${from}`).bind(...words),
    ]
  }
  if (Object.keys(filters).length === 0) {
    return [
      session
        .prepare(`SELECT ${COLUMNS} FROM plans WHERE id BETWEEN ? AND ? ORDER BY id`)
        .bind(skipped + 1, skipped + size),
      session.prepare('SELECT max(id) AS total FROM plans'),
    ]
  }
  const isActive = active === undefined ? null : Number(active === 'true' || active === '1')
  const name = JSON.stringify(['id', plan_type, carrier, isActive])
  return [
    session
      .prepare(
        `SELECT ${COLUMNS} FROM plan_lists JOIN json_each(ids) AS listed JOIN plans ON plans.id = listed.value
          WHERE list = ?1 AND chunk BETWEEN ?2 / 100 AND (?2 + ?3 - 1) / 100
            AND chunk * 100 + listed.key BETWEEN ?2 AND ?2 + ?3 - 1 ORDER BY plans.id`,
      )
      .bind(name, skipped, size),
    session.prepare('SELECT total FROM plan_lists WHERE list = ? AND chunk = 0').bind(name),
  ]
}

const plan = (row: Row) => ({
  ...row,
  coverage_details: JSON.parse(String(row.coverage_details)),
  active: row.active === 1,
})

async function one(session: D1DatabaseSession, part = ''): Promise<Ready | undefined> {
  if (part === 'facets') {
    const [facets] = await session.batch<Row>([
      session.prepare('SELECT facet, name, plans AS count FROM plan_facets ORDER BY facet, folded'),
    ])
    const of = (name: string) =>
      (facets?.results ?? [])
        .filter(({ facet }) => facet === name)
        .map(({ facet: _, ...counted }) => counted)
    return {
      body: JSON.stringify({ carriers: of('carrier'), plan_types: of('plan_type') }),
      link: '',
    }
  }
  const [found] = await session.batch<Row>([
    session.prepare(`SELECT ${COLUMNS} FROM plans WHERE id = ?`).bind(positive(part)),
  ])
  const row = found?.results[0]
  return row && { body: JSON.stringify(plan(row)), link: '' }
}
