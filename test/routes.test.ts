import { beforeAll, describe, expect, it } from 'vitest'
import { databaseOf } from '../src/storage/session.ts'
import { routes } from '../src/index.ts'
import { describedRoutes } from '../src/openapi/document.ts'
import { setSuspended } from '../src/operator/tokens.ts'
import { repairer } from '../src/operator/records/repair.ts'
import { SCOPES } from '../src/tokens/record.ts'
import { mintToken } from '../src/tokens/token.ts'
import { documented } from './support/contract.ts'
import { expectRefusal } from './support/expect.ts'
import { CANARY, somePlans } from './support/fixtures.ts'
import { RESOURCES } from './support/resources.ts'
import { API, useWorker, type Answer, type Clinic } from './support/worker.ts'

// What every route promises. The routes are the app's own, so that a new one is held to it unasked.

// One of two cells, so that the other's tokens are told where to go.
const CELLS = { us: 'http://localhost', eu: 'https://eu.api.example.com' }
const worker = useWorker({
  instrumented: true,
  vars: { CELL: 'us', CELLS: JSON.stringify(CELLS) },
})
beforeAll(() => worker.publish(somePlans(1)))

const ROUTES = describedRoutes(routes)
type Route = (typeof ROUTES)[number]
/** A request of a route. */
type Sent = { method: string; path: string; headers: Record<string, string>; body?: string }

const UNAUTHORIZED = 'You are not authorized to perform this action.'
const NEVER = 987654321

const isGuarded = ({ pattern }: Route) => pattern.startsWith('/v1/')
const GUARDED = ROUTES.filter(isGuarded)

/** Routes with their names, for titles. */
const named = (routes: Route[]) =>
  routes.map((route): [string, Route] => [
    `${route.method} ${route.pattern.replace(API, '')}`,
    route,
  ])

/** A body that is right in all, of the patient given. An amendment and a creation differ by the path. */
function bodyOf({ pattern, body }: Route, patient: number): object {
  const [root = ''] = Object.keys(body?.shape ?? {})
  if (root === 'search') return { search: { last_name: CANARY.name } }
  if (root === 'ownable_ids') return { ownable_ids: [patient] }
  const resource = RESOURCES.find(({ name, one }) => root === name || root === one)
  if (!resource) throw new Error(`${pattern}: give test/routes.test.ts a body`)
  if (pattern.includes(':id')) return { [resource.one]: resource.change }
  const record = resource.aRecord(patient)
  return root === resource.one ? record : { [resource.name]: [record[resource.one]] }
}

/** By the segment before `:id`: makes what it names, of the patient, and gives the id. */
const MADE: Record<string, (clinic: Clinic, patient: number) => Promise<number>> = {
  ...Object.fromEntries(
    RESOURCES.map(({ name, aRecord }) => [
      name,
      async (clinic: Clinic, patient: number) => {
        const created = await clinic.post(`/${name}`, aRecord(patient))
        return JSON.parse(await created.text()).id
      },
    ]),
  ),
  plans: async () => 1,
}

function fixture<Made>(of: Record<string, Made>, name: string, { pattern }: Route): Made {
  const found = of[name]
  if (found === undefined)
    throw new Error(`${pattern}: give test/routes.test.ts a fixture of ${name}`)
  return found
}

/** The route's path, its parameters filled in. */
const pathOf = (route: Route, parameters: Record<string, string | number>) =>
  route.pattern.replace(/:(\w+)/g, (_, name) => String(fixture(parameters, name, route)))

/** A request that the route answers well. All that it names is the clinic's. */
async function aGoodRequest(route: Route, clinic: Clinic): Promise<Sent> {
  const { method, pattern, body } = route
  const [, segment] = /([^/]+)\/:id/.exec(pattern) ?? []
  const patient = segment || body ? await clinic.ownable() : 1
  const path = pathOf(route, {
    ...{ ownable_type: 'Patient', ownable_id: patient },
    ...(segment && { id: await fixture(MADE, segment, route)(clinic, patient) }),
  })
  return {
    method,
    path,
    headers: { ...(isGuarded(route) && { 'X-User-Token': clinic.token }) },
    ...(body && json(bodyOf(route, patient))),
  }
}

const json = (body: object) => ({ body: JSON.stringify(body) })

/** Sends it, and waits for the event that it may leave in the audit trail. */
const send = ({ path, method, headers, body }: Sent) =>
  worker.fetch(path, {
    method,
    headers: {
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      'x-test-settled': 'yes',
      ...headers,
    },
    redirect: 'manual',
    ...(body !== undefined && { body }),
  })

/** The request with these headers too. */
const adding = (sent: Sent, headers: Record<string, string>): Sent => ({
  ...sent,
  headers: { ...sent.headers, ...headers },
})

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** The methods of the route's path, HEAD beside GET. What is no id, such as `search`, has its own alone. */
const methodsAt = ({ pattern }: Route) =>
  ROUTES.filter((other) => other.pattern === pattern).flatMap(({ method }) =>
    method === 'GET' ? ['GET', 'HEAD'] : [method],
  )
const otherMethodsAt = (route: Route) => METHODS.filter((each) => !methodsAt(route).includes(each))

/** A token of the clinic that may do all but what the route does. */
const tokenWithout = ({ scope }: Route, { clinicId }: Clinic) =>
  worker.token({ clinic_id: clinicId, scopes: SCOPES.filter((each) => each !== scope) })

/** Deletes the clinic's first record of the route's resource, and erases it. */
async function eraseFirst({ pattern }: Route, { clinicId, token }: Clinic) {
  const resource = RESOURCES.find(({ name }) => pattern.includes(`/${name}`))
  if (!resource) throw new Error(`${pattern} is of no resource of record`)
  await worker.call('DELETE', `/${resource.name}/1`, { token })
  const run = { tokenId: 'operator', requestId: 'erase', now: new Date().toISOString() }
  await repairer(resource).erase(databaseOf(worker.env, 'first-primary'), {
    clinicId,
    id: 1,
    ...run,
  })
}

/** What makes of a good request one that is answered with the status. */
const WAYS: Record<string, (sent: Sent, route: Route, clinic: Clinic) => Promise<Sent> | Sent> = {
  200: async (sent, { operation }) => {
    // Of a creation it is the answer to who is there already.
    if (!(201 in operation.answers)) return sent
    await send(sent)
    return { ...sent, path: `${sent.path}?if_exists=return` }
  },
  302: (sent) => adding(sent, { Accept: 'text/html' }),
  304: async (sent) =>
    adding(sent, { 'If-None-Match': (await send(sent)).headers.get('ETag') ?? '' }),
  400: (sent) => ({ ...sent, body: '{' }),
  401: ({ headers: _, ...sent }) => ({ ...sent, headers: {} }),
  403: async (sent, route, clinic) => {
    if (route.scope) return adding(sent, { 'X-User-Token': await tokenWithout(route, clinic) })
    await setSuspended(worker.env.TOKENS, clinic.clinicId, true)
    return sent
  },
  404: async (sent, route, clinic) => {
    if (!(201 in route.operation.answers)) return { ...sent, path: pathOf(route, { id: NEVER }) }
    // Of a creation it is the answer to a key whose record was erased since.
    const keyed = adding(sent, { 'Idempotency-Key': 'erased since' })
    await send(keyed)
    await eraseFirst(route, clinic)
    return keyed
  },
  405: (sent, route) => ({ ...sent, method: otherMethodsAt(route).at(-1) ?? '' }),
  408: (sent) => adding(sent, { 'x-test-body': 'stall' }),
  412: (sent) => adding(sent, { 'If-Match': '"an older version"' }),
  413: (sent) => ({ ...sent, body: ' '.repeat(1024 * 1024 + 1) }),
  415: (sent) => adding(sent, { 'Content-Type': 'text/plain' }),
  421: (sent) => adding(sent, { 'X-User-Token': mintToken('eu') }),
  422: (sent) => adding(sent, { 'x-d1-bookmark': 'wrong' }),
  429: (sent) => adding(sent, { 'x-test-limit': 'over' }),
  500: async (sent, { scope }) => {
    // No cache has an answer of a new version.
    if (scope === 'plans:read') await worker.publish(somePlans(1))
    return adding(sent, { 'x-test-d1': 'broken' })
  },
  503: (sent) => {
    // Later than anything that was found ready may be remembered.
    const later = String(Date.now() + 3_600_000)
    return adding(sent, { 'x-test-kv': 'before,before,before', 'x-test-now': later })
  },
}

/** What stands in every answer, whatever it is. */
function expectPromises({ headers }: Answer) {
  expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
  expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
  expect(headers.get('Strict-Transport-Security')).toMatch(/^max-age=\d{8}/)
  expect(headers.get('Referrer-Policy')).toBe('no-referrer')
}

/** Answers that leave an event where the route touches personal data. */
const TOLD = [200, 201, 204, 304, 403, 404, 412, 429]

/** These statuses come of what the rest of the clinic's requests would notice. */
const ALONE = [403, 404]

describe.each(named(ROUTES))('%s', (_, route) => {
  const { event: expected } = route
  const { id } = route.operation

  let shared: Clinic
  beforeAll(async () => {
    shared = await worker.clinic()
  })

  it.each(documentedStatuses(id))(
    'answers %i, as documented, and leaves its trail',
    async (status) => {
      const clinic = ALONE.includes(status) ? await worker.clinic() : shared
      const good = await aGoodRequest(route, clinic)
      const way = WAYS[status] ?? ((sent: Sent) => sent)

      const response = await send(await way(good, route, clinic))

      expect(response.status).toBe(status)
      expectPromises(response)
      if (expected || status >= 400) expect(response.headers.get('Cache-Control')).toBe('no-store')
      const example = documented(id, status)?.content?.['application/json'].example
      const { errors } = Object(example)
      if (typeof errors === 'string') {
        // A sentence may be followed by what is particular to the request.
        const said = Object(await response.json()).errors
        expect(said === errors || said.startsWith(`${errors}: `)).toBe(true)
      }
      // KV that stays away opens no door.
      if (status === 503 && isGuarded(route)) expect(response.headers.get('x-test-d1')).toBe('0')
      const event = await worker.eventOf(response)
      if (expected && TOLD.includes(status)) {
        // A change that was made says nothing of the answer.
        expect(event).toMatchObject({ ...expected, clinic_id: clinic.clinicId })
        expect([status, null]).toContain(event?.status)
      } else expect(event).toBeNull()
    },
  )

  it('answers any other method with 405 and the methods that there are', async () => {
    const { token } = await worker.clinic()
    const path = pathOf(route, { ownable_type: 'Patient', ownable_id: 1, id: 1 })

    for (const other of otherMethodsAt(route)) {
      const response = await send({ method: other, path, headers: { 'X-User-Token': token } })
      expect(response.status).toBe(405)
      expect(response.headers.get('Allow')?.split(', ').sort()).toEqual(methodsAt(route).sort())
      expect(await worker.eventOf(response)).toBeNull()
    }
  })

  if (route.method !== 'GET') return

  it('answers HEAD as GET, without the body', async () => {
    const clinic = await worker.clinic()
    const good = await aGoodRequest(route, clinic)

    const [got, head] = [await send(good), await send({ ...good, method: 'HEAD' })]

    expect(head.status).toBe(got.status)
    expect(await head.text()).toBe('')
    for (const name of ['Content-Type', 'Cache-Control', 'ETag', 'Link', 'Vary']) {
      expect(head.headers.get(name)).toBe(got.headers.get(name))
    }
    expectPromises(head)
    expect((await worker.eventOf(head))?.action).toBe(expected?.action)
  })
})

describe.each(named(GUARDED))('%s', (_, route) => {
  const { operation, event, scope = '', pattern } = route

  it('refuses whoever has no good token, before it reads storage or the body', async () => {
    const good = await aGoodRequest(route, await worker.clinic())
    const oversized = good.body && { body: 'x'.repeat(70_000) }

    const response = await send({ ...good, ...oversized, headers: {} })

    await expectRefusal(response, 401, UNAUTHORIZED)
    expect(response.headers.get('WWW-Authenticate')).toContain('X-User-Token')
    expect(response.headers.get('x-test-d1')).toBe('0')
    expect(response.headers.get('x-test-kv')).toBe('0')
  })

  it('asks for a scope, and says in the trail what it does to personal data', () => {
    const { resource, action = 'read' } = event ?? {}
    // What a token says of itself needs no scope, and touches no record.
    if (operation.id === 'getToken') return expect([scope, resource]).toEqual(['', undefined])
    const isRead = ['list', 'read', 'search', 'history', 'follow'].includes(action)
    const [, , , , segment] = pattern.split('/')
    expect(SCOPES).toContain(scope)
    expect(scope).toMatch(isRead ? /:read$/ : /:write$/)
    expect(resource).toBe(scope === 'plans:read' ? undefined : segment)
  })

  it('makes one D1 round trip at most, to the primary unless it is a GET, and one KV read', async () => {
    const clinic = await worker.clinic()

    const { status, headers } = await send(await aGoodRequest(route, clinic))

    expect(operation.answers).toHaveProperty(String(status))
    expect(Number(headers.get('x-test-d1'))).toBeLessThanOrEqual(1)
    expect(headers.get('x-test-kv')).toBe('1')
    const [session] = headers.get('x-test-sessions')?.split(',') ?? []
    expect(session).toBe(route.method === 'GET' ? 'first-unconstrained' : 'first-primary')
  })
})

function documentedStatuses(operationId: string): number[] {
  const all = Array.from({ length: 500 }, (_, n) => n + 100)
  return all.filter((status) => documented(operationId, status) !== undefined)
}

describe('a bookmark', () => {
  const bookmark = `00000001-00000000-00000000-${'0'.repeat(32)}`

  it.each([
    ['is where its bearer reads from, or later', `us:${bookmark}`, bookmark],
    ['of another cell has its bearer read from the primary', `eu:${bookmark}`, 'first-primary'],
  ])('%s', async (_, sent, session) => {
    const clinic = await worker.clinic()

    const { headers } = await clinic.get('/dependents', { 'x-d1-bookmark': sent })

    expect(headers.get('x-test-sessions')).toBe(session)
  })
})

describe('a path that is none', () => {
  const paths = ['/nothing', '/', '', '/plans/1/history']
  it.each([
    ...paths.map((path) => [API + path]),
    ...['/v2/anything', '/V1', '/assets/openapi.json', '/docs.html'].map((path) => [path]),
    [`${API}/plans/`, `${API}/plans`],
    [`${API}/dependents/7/`, `${API}/dependents/7`],
    ['/clinic/insurances/dependents', `${API}/dependents`],
    ['/dependents/7', `${API}/dependents/7`],
    ['/openapi.json/', '/openapi.json'],
    ['/healthy', '/health'],
    [`${API}/ownables`, `${API}/ownables/{ownable_type}`],
  ])('is 404, with what stands in every answer: %s', async (path, meant?: string) => {
    const { token } = await worker.clinic()

    const response = await send({
      ...{ method: 'GET', path },
      headers: path.startsWith('/v1') ? { 'X-User-Token': token } : {},
    })

    const hint = meant === undefined ? '' : `: did you mean ${meant}?`
    await expectRefusal(response, 404, `Not found${hint}`)
    expectPromises(response)
    expect(response.headers.get('Cache-Control')).toBe('no-store')
  })
})

describe('another clinic', () => {
  /** The requests of a route that name the id: in the path, in the query and in the body. */
  function requestsFor(route: Route, id: number): Omit<Sent, 'headers'>[] {
    const { method, pattern, query, body } = route
    const ids = Object.keys(query?.shape ?? {}).filter((name) => name.endsWith('_id'))
    const resource = RESOURCES.find(
      ({ name }) => pattern.endsWith(`/${name}`) || pattern.endsWith(`${name}/batch`),
    )
    const bodies =
      resource && body ? [{}, resource.mistake].map((wrong) => resource.aRecord(id, wrong)) : []
    return [
      ...(pattern.includes(':id')
        ? [{ method, path: pathOf(route, { id }), ...(body && json(bodyOf(route, id))) }]
        : []),
      ...ids.map((name) => ({ method, path: `${pattern}?${name}=${id}&page_size=1` })),
      ...bodies.map((sent) => ({
        ...{ method, path: pattern },
        ...json(
          pattern.endsWith('/batch') ? { [resource?.name ?? '']: Object.values(sent) } : sent,
        ),
      })),
    ]
  }

  /** What is seen of an answer, less what differs from one to the next, and the client's own id in links. */
  async function seen(response: Answer) {
    const {
      'x-request-id': _,
      'x-d1-bookmark': __,
      ...headers
    } = Object.fromEntries(response.headers)
    const link = headers.link?.replace(/_id=\d+/g, '_id=')
    return { status: response.status, headers: { ...headers, link }, body: await response.text() }
  }

  const naming = GUARDED.filter(({ event }) => event).filter(
    (route) => requestsFor(route, 1).length > 0,
  )

  const foreign: number[] = []
  beforeAll(async () => {
    const theirs = await worker.clinic()
    for (const { name, aRecord } of RESOURCES) {
      for (let n = 0; n < 2; n++) {
        const patient = await theirs.ownable()
        const created = await theirs.post(`/${name}`, aRecord(patient))
        foreign.push(patient, JSON.parse(await created.text()).id)
      }
    }
  })

  it.each(named(naming))(
    'has ids that answer as if they never were, byte for byte, at %s',
    async (_, route) => {
      const ours = await worker.clinic()
      const headers = { 'X-User-Token': ours.token }
      const answersTo = (id: number) =>
        Promise.all(
          requestsFor(route, id).map(async (request) => seen(await send({ ...request, headers }))),
        )
      const expected = await answersTo(NEVER)
      for (const { status } of expected) expect([200, 404, 422]).toContain(status)
      for (const id of foreign) expect(await answersTo(id)).toEqual(expected)
    },
  )

  const lists = GUARDED.filter(({ event }) => ['list', 'search'].includes(event?.action ?? ''))
  it.each(named(lists))('has nothing in our %s', async (_, route) => {
    const [ours, theirs] = [await worker.clinic(), await worker.clinic()]
    for (const { name } of RESOURCES)
      await fixture(MADE, name, route)(theirs, await theirs.ownable())

    const response = await send(await aGoodRequest(route, ours))

    expect(await response.json()).toMatchObject({ pagination: { total_count: 0 } })
  })
})
