import type { Bindings } from '../../../src/factory.ts'
import { sha256 } from '../../../src/fields/sha256.ts'
import { sealSsn } from '../../../src/ssn/seal.ts'
import { isWellFormedToken, tokenIdOf, tokenKey } from '../../../src/tokens/token.ts'

/**
 * The floor: what the endpoints cost without a framework, a query builder or a schema library. The same
 * authentication, the same reads and the same answers; statements and checks are written out by hand.
 */

const BASE = '/v1/clinic/insurances/'
const REFUSED = 'You are not authorized to perform this action.'

type Token = {
  clinic_id: string
  scopes: string[]
  expires_at: string | null
  revoked_at: string | null
}
type Catalogue = { version: string; bookmark: string }

type Values = ReadonlyMap<string, (Token & Catalogue) | null>
const memory = new Map<string, { values: Values; until: number }>()

export default {
  async fetch(request, env, ctx) {
    const startedAt = Date.now()
    const requestId = crypto.randomUUID()
    const url = new URL(request.url)
    if (!url.pathname.startsWith(BASE)) return refusal(404, 'Not found')
    const [resource = '', id] = url.pathname.slice(BASE.length).split('/')

    const token = request.headers.get('X-User-Token')
    if (token === null || !isWellFormedToken(token)) return refusal(401, REFUSED)
    const key = await tokenKey(token)
    const keys = resource === 'plans' ? [key, 'catalogue'] : [key]
    const name = keys.join(' ')
    const held = memory.get(name)
    const isFresh = held !== undefined && Date.now() < held.until
    const values = isFresh
      ? held.values
      : await env.TOKENS.get<Token & Catalogue>(keys, { type: 'json', cacheTtl: 30 })
    const record = values.get(key)
    if (!record || !isLive(record)) return refusal(401, REFUSED)
    const seconds = Number(env.TOKEN_MEMORY_SECONDS)
    if (!isFresh && seconds > 0) {
      if (memory.size >= 1000) memory.clear()
      memory.set(name, { values, until: Date.now() + seconds * 1000 })
    }

    const isRead = request.method === 'GET'
    const scope =
      resource === 'plans' ? 'plans:read' : isRead ? 'insurances:read' : 'insurances:write'
    if (!record.scopes.includes(scope)) return refusal(403, REFUSED)

    const caller = { requestId, clinicId: record.clinic_id, tokenId: tokenIdOf(key) }
    let response
    if (resource === 'plans') {
      response = await plans(url, values.get('catalogue'), env, ctx)
    } else {
      const session = env.DB.withSession(
        request.headers.get('x-d1-bookmark') ?? (isRead ? 'first-unconstrained' : 'first-primary'),
      )
      response = await answer(request, url, resource, id, caller, session, env, ctx)
      const bookmark = session.getBookmark()
      if (bookmark !== null) response.headers.set('x-d1-bookmark', bookmark)
    }
    response.headers.set('X-Request-Id', requestId)
    console.info(
      JSON.stringify({
        level: 'info',
        request_id: requestId,
        method: request.method,
        route: resource,
        clinic_id: caller.clinicId,
        token_id: caller.tokenId,
        status: response.status,
        duration_ms: Date.now() - startedAt,
      }),
    )
    return response
  },
} satisfies ExportedHandler<Bindings>

type Caller = { requestId: string; clinicId: string; tokenId: string }

/** The audit trail of a read, written after the answer as the service does. */
async function recordRead(
  session: D1DatabaseSession,
  { requestId, clinicId, tokenId }: Caller,
  action: 'list' | 'read',
  resource: string,
  rows: readonly unknown[],
): Promise<void> {
  await scheduler.wait(0)
  const ids = rows.map((row) => (isRow(row) ? row.id : null))
  await session.batch([
    session
      .prepare(
        `INSERT INTO audit_events (occurred_at, request_id, clinic_id, token_id, action, resource, record_ids, status)
          VALUES (?, ?, ?, ?, ?, ?, ?, 200) ON CONFLICT DO NOTHING`,
      )
      .bind(
        new Date().toISOString(),
        requestId,
        clinicId,
        tokenId,
        action,
        resource,
        JSON.stringify(ids),
      ),
  ])
}

const isRow = (row: unknown): row is { id: number } =>
  typeof row === 'object' && row !== null && 'id' in row

function answer(
  request: Request,
  url: URL,
  resource: string,
  id: string | undefined,
  caller: Caller,
  session: D1DatabaseSession,
  env: Bindings,
  ctx: ExecutionContext,
): Promise<Response> {
  if (resource === 'person_informations') {
    if (request.method === 'POST') return createPersonInformation(request, caller, session, env)
    if (id !== undefined) return findPersonInformation(id, caller, session, ctx)
    return listRecords(url, caller, session, ctx, PERSON_INFORMATIONS)
  }
  if (request.method === 'POST') return createDependent(request, caller, session, env)
  return listRecords(url, caller, session, ctx, DEPENDENTS)
}

const PERSON = `id, ownable_id, ownable_type, first_name, last_name, date_of_birth,
  '***-**-' || ssn_last_four AS ssn, phone, email, created_at, updated_at`
const DEPENDENT = `id, primary_holder_id, first_name, last_name, date_of_birth, relationship,
  '***-**-' || ssn_last_four AS ssn, created_at, updated_at`

const records = (
  table: string,
  columns: string,
  key: string,
  filter: string,
  matching: string,
) => ({
  key,
  filter,
  page: `SELECT ${columns} FROM ${table} WHERE clinic_id = ? AND position BETWEEN ? AND ? ORDER BY position`,
  total: `SELECT coalesce(max(position), 0) AS total FROM ${table} WHERE clinic_id = ?`,
  matches: `SELECT ${columns} FROM ${table} WHERE clinic_id = ? AND ${matching} ORDER BY id LIMIT ? OFFSET ?`,
  matchCount: `SELECT count(*) AS total FROM ${table} WHERE clinic_id = ? AND ${matching}`,
})
const PERSON_INFORMATIONS = records(
  'person_informations',
  PERSON,
  'person_informations',
  'patient_id',
  `ownable_type = 'Patient' AND ownable_id = ?`,
)
const DEPENDENTS = records(
  'dependents',
  DEPENDENT,
  'dependents',
  'primary_holder_id',
  `primary_holder_type = 'Patient' AND primary_holder_id = ?`,
)

async function listRecords(
  url: URL,
  caller: Caller,
  session: D1DatabaseSession,
  ctx: ExecutionContext,
  sql: typeof PERSON_INFORMATIONS,
): Promise<Response> {
  const { clinicId } = caller
  const page = positive(url.searchParams.get('page') ?? '1')
  const size = positive(url.searchParams.get('page_size') ?? '25')
  const sent = url.searchParams.get(sql.filter)
  const of = sent === null ? undefined : positive(sent)
  if (page === null || size === null || size > 100 || of === null) return refusal(422, 'is invalid')

  const [rows, counted] = await session.batch<Record<string, unknown>>(
    of === undefined
      ? [
          session.prepare(sql.page).bind(clinicId, (page - 1) * size + 1, page * size),
          session.prepare(sql.total).bind(clinicId),
        ]
      : [
          session.prepare(sql.matches).bind(clinicId, of, size, (page - 1) * size),
          session.prepare(sql.matchCount).bind(clinicId, of),
        ],
  )
  const total = Number(counted?.results[0]?.total)
  ctx.waitUntil(recordRead(session, caller, 'list', sql.key, rows?.results ?? []))
  const filter = of === undefined ? '' : `&${sql.filter}=${of}`
  return json(listBody(sql.key, rows?.results, page, size, total), 200, {
    Link: link(url, page, size, total, '', filter),
  })
}

async function findPersonInformation(
  id: string,
  caller: Caller,
  session: D1DatabaseSession,
  ctx: ExecutionContext,
) {
  const wanted = positive(id)
  if (wanted === null) return refusal(404, 'Person information not found')
  const [found] = await session.batch([
    session
      .prepare(`SELECT ${PERSON} FROM person_informations WHERE clinic_id = ? AND id = ?`)
      .bind(caller.clinicId, wanted),
  ])
  const row = found?.results[0]
  if (!row) return refusal(404, 'Person information not found')
  ctx.waitUntil(recordRead(session, caller, 'read', 'person_informations', [row]))
  return json(JSON.stringify(row))
}

async function createPersonInformation(
  request: Request,
  caller: Caller,
  session: D1DatabaseSession,
  env: Bindings,
) {
  const { person_information: given } = await request.json<{ person_information: Person }>()
  if (!isPerson(given) || !given.ownable_type || !Number.isSafeInteger(given.ownable_id)) {
    return refusal(422, 'is invalid')
  }
  const owner = { type: given.ownable_type, id: given.ownable_id }
  const row = await create(request, caller, session, env, 'person_informations', PERSON, owner, {
    ...namesOf(given),
    ssn: given.ssn ?? null,
    phone: given.phone ?? null,
    email: given.email ?? null,
  })
  if (!row) return refusal(422, 'must exist')
  return json(JSON.stringify(row), 201, { Location: `${BASE}person_informations/${row.id}` })
}

async function createDependent(
  request: Request,
  caller: Caller,
  session: D1DatabaseSession,
  env: Bindings,
) {
  const { dependent: given } = await request.json<{ dependent: Dependent }>()
  if (!isPerson(given) || !given.relationship || !Number.isSafeInteger(given.primary_holder_id)) {
    return refusal(422, 'is invalid')
  }
  const owner = { type: 'Patient', id: given.primary_holder_id }
  const row = await create(request, caller, session, env, 'dependents', DEPENDENT, owner, {
    ...namesOf(given),
    relationship: given.relationship,
    ssn: given.ssn ?? null,
  })
  if (!row) return refusal(422, 'must exist')
  return json(JSON.stringify(row), 201, { Location: `${BASE}dependents/${row.id}` })
}

/** One batch, as the service's: the record, the idempotency key, both read again, and the audit event. */
async function create(
  request: Request,
  { requestId, clinicId, tokenId }: Caller,
  session: D1DatabaseSession,
  env: Bindings,
  table: 'person_informations' | 'dependents',
  columns: string,
  owner: { type: string; id: number },
  { ssn, ...fields }: Record<string, string | null>,
) {
  const digits = ssn?.replaceAll('-', '') ?? null
  const ssnOwner = { clinicId, table, ownableType: owner.type, ownableId: owner.id }
  const sealed = digits === null ? null : await sealSsn(digits, ssnOwner, env.SSN_PUBLIC_KEY)
  const key = request.headers.get('Idempotency-Key') ?? requestId
  const fingerprint = await sha256(JSON.stringify([table, owner, fields, sealed?.lastFour ?? null]))
  const [type, id] =
    table === 'dependents'
      ? ['primary_holder_type', 'primary_holder_id']
      : ['ownable_type', 'ownable_id']
  const names = Object.keys(fields)
  const now = new Date().toISOString()

  const [, , kept, record] = await session.batch<{ id: number }>([
    session
      .prepare(
        `INSERT INTO ${table} (clinic_id, position, ${type}, ${id}, created_at, updated_at,
            ssn_key_id, ssn_sealed, ssn_last_four, ${names.join()})
          SELECT clinic_id, 1 + (SELECT coalesce(max(position), 0) FROM ${table} WHERE clinic_id = ?1),
            type, id, ?6, ?6, ?7, ?8, ?9, ${names.map((_, n) => `?${n + 10}`).join()}
          FROM ownables WHERE clinic_id = ?1 AND type = ?2 AND id = ?3 AND NOT EXISTS (
            SELECT 1 FROM idempotency_keys WHERE clinic_id = ?1 AND token_id = ?4 AND key = ?5)`,
      )
      .bind(
        ...[clinicId, owner.type, owner.id, tokenId, key, now],
        ...[sealed?.keyId ?? null, sealed?.sealed ?? null, sealed?.lastFour ?? null],
        ...Object.values(fields),
      ),
    session
      .prepare(
        'INSERT INTO idempotency_keys SELECT ?, ?, ?, ?, ?, last_insert_rowid(), ? WHERE changes() = 1',
      )
      .bind(clinicId, tokenId, key, fingerprint, requestId, now),
    session
      .prepare(
        'SELECT fingerprint, request_id FROM idempotency_keys WHERE clinic_id = ? AND token_id = ? AND key = ?',
      )
      .bind(clinicId, tokenId, key),
    session
      .prepare(
        `SELECT ${columns} FROM ${table} WHERE clinic_id = ?1 AND id = (${RECORD_UNDER_KEY})`,
      )
      .bind(clinicId, tokenId, key, fingerprint),
    session
      .prepare(
        `INSERT INTO audit_events SELECT NULL, ?5, ?6, ?1, ?2, 'create', ?7, json_array(record_id), 201
          FROM (${RECORD_UNDER_KEY}) WHERE true ON CONFLICT DO NOTHING`,
      )
      .bind(clinicId, tokenId, key, fingerprint, now, requestId, table),
  ])
  return kept?.results[0] && record?.results[0]
}

const RECORD_UNDER_KEY = `SELECT record_id FROM idempotency_keys
  WHERE clinic_id = ?1 AND token_id = ?2 AND key = ?3 AND fingerprint = ?4`

type PersonFields = {
  first_name: string
  last_name: string
  date_of_birth: string
  ssn?: string | null
}
type Person = PersonFields & {
  ownable_id: number
  ownable_type: string
  phone?: string | null
  email?: string | null
}
type Dependent = PersonFields & { primary_holder_id: number; relationship: string }

const isPerson = (given: PersonFields) =>
  given.first_name.trim() !== '' &&
  given.last_name.trim() !== '' &&
  /^\d{4}-\d\d-\d\d$/.test(given.date_of_birth) &&
  !Number.isNaN(Date.parse(given.date_of_birth)) &&
  /^(\d{9}|\d{3}-\d{2}-\d{4})?$/.test(given.ssn ?? '')

const namesOf = (given: PersonFields) => ({
  first_name: given.first_name.trim(),
  last_name: given.last_name.trim(),
  date_of_birth: given.date_of_birth,
})

/** Ready answers of one catalogue version: the same isolate memory and edge cache as the service has. */
let remembered = { version: '', answers: new Map<string, { body: string; link: string }>() }

async function plans(
  url: URL,
  catalogue: Catalogue | null | undefined,
  env: Bindings,
  ctx: ExecutionContext,
): Promise<Response> {
  const parameters = url.searchParams
  const page = positive(parameters.get('page') ?? '1')
  const size = positive(parameters.get('page_size') ?? '25')
  if (page === null || size === null || size > 100) return refusal(422, 'is invalid')
  const filters = ['active', 'carrier', 'plan_type'].flatMap((name) => {
    const value = parameters.get(name)?.toLowerCase()
    return value === undefined ? [] : [[name, value] as const]
  })
  const before = new URLSearchParams(
    filters.filter(([name]) => name < 'page').map(([...pair]) => pair),
  )
  const after = new URLSearchParams(
    filters.filter(([name]) => name > 'page').map(([...pair]) => pair),
  )
  const leading = before.size > 0 ? `${before.toString()}&` : ''
  const trailing = after.size > 0 ? `&${after.toString()}` : ''
  const search = `?${leading}page=${page}&page_size=${size}${trailing}`
  if (!catalogue) return refusal(503, 'Storage is temporarily unavailable')

  const { version, bookmark } = catalogue
  if (remembered.version !== version) remembered = { version, answers: new Map() }
  let found = remembered.answers.get(url.origin + search)
  let tier = 'MEMORY'
  const cacheKey = `${url.origin}${url.pathname}/bare.${version}${search}`
  if (!found) {
    const cached = await caches.default.match(cacheKey)
    if (cached) {
      tier = 'HIT'
      found = { body: await cached.text(), link: cached.headers.get('Link') ?? '' }
    }
  }
  if (!found) {
    tier = 'MISS'
    const { rows, total } = await readPlans(env.DB.withSession(bookmark), filters, page, size)
    found = {
      body: listBody('plans', rows, page, size, total),
      link: link(url, page, size, total, leading, trailing),
    }
    const headers = { 'Cache-Control': 'public, max-age=86400', Link: found.link }
    ctx.waitUntil(caches.default.put(cacheKey, new Response(found.body, { headers })))
  }
  if (remembered.answers.size >= 256) remembered.answers.clear()
  remembered.answers.set(url.origin + search, found)
  return json(found.body, 200, {
    ETag: `"r1.${version}${search}"`,
    Link: found.link,
    'Cache-Control': 'private, no-cache',
    'X-Cache': tier,
  })
}

async function readPlans(
  session: D1DatabaseSession,
  filters: (readonly [name: string, value: string])[],
  page: number,
  size: number,
) {
  const columns =
    'id, plan_name, carrier, plan_type, coverage_details, active, created_at, updated_at'
  const matching = filters.map(([name]) => `${name} = ?`).join(' AND ')
  const values = filters.map(([name, value]) =>
    name === 'active' ? Number(value === 'true' || value === '1') : value,
  )
  const [listed, counted] = await session.batch<Record<string, unknown>>(
    filters.length === 0
      ? [
          session
            .prepare(`SELECT ${columns} FROM plans WHERE id BETWEEN ? AND ? ORDER BY id`)
            .bind((page - 1) * size + 1, page * size),
          session.prepare('SELECT coalesce(max(id), 0) AS total FROM plans'),
        ]
      : [
          session
            .prepare(`SELECT ${columns} FROM plans WHERE ${matching} ORDER BY id LIMIT ? OFFSET ?`)
            .bind(...values, size, (page - 1) * size),
          session.prepare(`SELECT count(*) AS total FROM plans WHERE ${matching}`).bind(...values),
        ],
  )
  const rows = listed?.results ?? []
  for (const row of rows) {
    row.coverage_details = JSON.parse(String(row.coverage_details))
    row.active = row.active === 1
  }
  return { rows, total: Number(counted?.results[0]?.total) }
}

function isLive(token: Token): boolean {
  if (token.revoked_at !== null) return false
  return token.expires_at === null || Date.now() < Date.parse(token.expires_at)
}

function positive(text: string): number | null {
  if (!/^\d+$/.test(text)) return null
  const value = Number(text)
  return value > 0 && Number.isSafeInteger(value) ? value : null
}

const listBody = (key: string, rows: unknown, page: number, size: number, total: number) =>
  JSON.stringify({
    [key]: rows,
    pagination: {
      current_page: page,
      total_pages: Math.ceil(total / size),
      total_count: total,
      per_page: size,
    },
  })

function link(url: URL, page: number, size: number, total: number, before: string, after: string) {
  const last = Math.ceil(total / size)
  const at = (target: number, relation: string) =>
    `<${url.origin}${url.pathname}?${before}page=${target}&page_size=${size}${after}>; rel="${relation}"`
  const links = [at(1, 'first')]
  if (page > 1) links.push(at(Math.min(page - 1, last), 'prev'))
  if (page < last) links.push(at(page + 1, 'next'))
  if (last > 0) links.push(at(last, 'last'))
  return links.join(', ')
}

const refusal = (status: number, errors: string) => json(JSON.stringify({ errors }), status)

const json = (body: string, status = 200, headers: Record<string, string> = {}) =>
  new Response(body, {
    status,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Origin-Agent-Cluster': '?1',
      'Referrer-Policy': 'no-referrer',
      'Strict-Transport-Security': 'max-age=15552000; includeSubDomains',
      'X-Content-Type-Options': 'nosniff',
      'X-DNS-Prefetch-Control': 'off',
      'X-Download-Options': 'noopen',
      'X-Frame-Options': 'SAMEORIGIN',
      'X-Permitted-Cross-Domain-Policies': 'none',
      'X-XSS-Protection': '0',
      ...headers,
    },
  })
