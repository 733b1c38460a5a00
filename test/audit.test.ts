import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listAuditEvents } from '../src/audit/queries.ts'
import { databaseOf } from '../src/db/session.ts'
import { tokenIdOf, tokenKey } from '../src/tokens/token.ts'
import { aDependent, aPersonInformation } from './support/fixtures.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker({ instrumented: true })

const BEGINNING = '2000-01-01T00:00:00.000Z'

/** The clinic's events once there are as many as asked for: those of reads come after the answer. */
async function events({ clinicId }: { clinicId: string }, atLeast = 0) {
  const db = databaseOf(worker.env, 'first-primary')
  for (let waited = 0; ; waited++) {
    const found = await listAuditEvents(db, clinicId, { since: BEGINNING, limit: 10_000 })
    if (found.length >= atLeast || waited > 100) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const requestId = (response: { headers: { get(name: string): string | null } }) =>
  response.headers.get('X-Request-Id')

describe('the audit trail', () => {
  it('says who did what to which records, and how it ended', async () => {
    const clinic = await worker.clinic()
    await clinic.put('/ownables/Patient/7')
    const created = await clinic.post('/person_informations', aPersonInformation(7))
    const { id } = JSON.parse(await created.text())
    const read = await clinic.get(`/person_informations/${id}`)
    await clinic.get('/person_informations?patient_id=7')
    await clinic.get('/dependents')
    await clinic.get('/person_informations/987654321')

    const trail = await events(clinic, 6)

    const tokenId = tokenIdOf(await tokenKey(clinic.token))
    const told = trail.map(({ action, resource, record_ids, status }) => [
      action,
      resource,
      record_ids,
      status,
    ])
    expect(told).toHaveLength(6)
    expect(told).toEqual(
      expect.arrayContaining([
        ['register', 'ownables', [7], 204],
        ['create', 'person_informations', [id], 201],
        ['read', 'person_informations', [id], 200],
        ['list', 'person_informations', [id], 200],
        ['list', 'dependents', [], 200],
        ['read', 'person_informations', [987654321], 404],
      ]),
    )
    expect(trail.map((event) => event.request_id)).toContain(requestId(read))
    for (const event of trail) {
      expect(event).toMatchObject({ clinic_id: clinic.clinicId, token_id: tokenId })
      expect(event.occurred_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    }
  })

  it.each([
    ['GET', '/person_informations', 'list', 'person_informations'],
    ['GET', '/person_informations/5', 'read', 'person_informations'],
    ['POST', '/person_informations', 'create', 'person_informations'],
    ['GET', '/dependents', 'list', 'dependents'],
    ['POST', '/dependents', 'create', 'dependents'],
    ['PUT', '/ownables/Patient/5', 'register', 'ownables'],
  ])(
    'names a refusal to a token without the scope: %s %s',
    async (method, path, action, resource) => {
      const clinicId = `refused-${method}-${path.replaceAll('/', '-')}`.toLowerCase()
      const token = await worker.token({ clinic_id: clinicId, scopes: ['plans:read'] })

      const response = await worker.call(method, path, {
        token,
        ...(method === 'POST' && { body: {} }),
      })

      expect(response.status).toBe(403)
      expect(await events({ clinicId }, 1)).toMatchObject([
        { request_id: requestId(response), action, resource, status: 403, record_ids: [] },
      ])
    },
  )

  it('is written with the record: a create whose answer was lost has its event, once', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()

    const lost = await clinic.post('/dependents', aDependent(ownable), {
      'x-test-d1': 'after,after,after',
    })
    const mended = await clinic.post('/dependents', aDependent(ownable), { 'x-test-d1': 'after' })

    expect([lost.status, mended.status]).toEqual([503, 201])
    expect(await events(clinic, 2)).toMatchObject([
      { request_id: requestId(lost), action: 'create', status: 201 },
      { request_id: requestId(mended), action: 'create', status: 201 },
    ])
  })

  it('of a read goes to the log, in full, if storage would not take it', async () => {
    const clinic = await worker.clinic()

    const response = await clinic.get('/dependents', { 'x-test-d1': 'ok,before,before,before' })

    expect(response.status).toBe(200)
    const line = await worker.logLine('AuditEventNotStored')
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      code: 'AuditEventNotStored',
      event: {
        requestId: requestId(response),
        action: 'list',
        resource: 'dependents',
        status: 200,
      },
    })
    expect(await events(clinic)).toEqual([])
  })

  it('of a read survives two lost tries', async () => {
    const clinic = await worker.clinic()

    await clinic.get('/dependents', { 'x-test-d1': 'ok,after,before' })

    expect(await events(clinic, 1)).toHaveLength(1)
  })

  it('has no word of what requests outside PHI do', async () => {
    const clinic = await worker.clinic()
    await clinic.get('/plans')
    await clinic.get('/nothing')
    await worker.call('DELETE', '/dependents', { token: clinic.token })
    await clinic.get('/dependents?page=0')
    await clinic.post('/dependents', '{')
    await clinic.get('/dependents')

    expect(await events(clinic, 1)).toHaveLength(1)
  })

  it('equals the requests that touched PHI, in 1,000 at random', { timeout: 120_000 }, async () => {
    const [ours, theirs] = [await worker.clinic(), await worker.clinic()]
    await ours.ownable('Patient', 1)
    await theirs.ownable('Patient', 2)
    const foreign = await theirs.post('/person_informations', aPersonInformation(2))
    const foreignId = JSON.parse(await foreign.text()).id
    const weak = await worker.token({ clinic_id: ours.clinicId, scopes: [] })
    const request =
      (method: string, path: string, body?: unknown, token = ours.token) =>
      () =>
        worker.call(method, path, { token, ...(body !== undefined && { body }) })
    /** Each kind of request, and whether it leaves an event. */
    const kinds = [
      { leaves: true, send: request('GET', '/person_informations?page_size=2') },
      { leaves: true, send: request('GET', '/person_informations?patient_id=1&page_size=1') },
      { leaves: true, send: request('GET', `/person_informations/${foreignId}`) },
      { leaves: true, send: request('GET', '/dependents?page_size=3&page=2') },
      { leaves: true, send: request('POST', '/person_informations', aPersonInformation(1)) },
      { leaves: true, send: request('POST', '/dependents', aDependent(1)) },
      { leaves: true, send: request('PUT', '/ownables/Patient/3') },
      { leaves: true, send: request('GET', '/dependents', undefined, weak) },
      { leaves: true, send: request('POST', '/dependents', {}, weak) },
      { leaves: true, send: request('PUT', '/ownables/Patient/3', undefined, weak) },
      { leaves: false, send: request('POST', '/dependents', aDependent(2)) },
      { leaves: false, send: request('POST', '/dependents', {}) },
      { leaves: false, send: request('GET', '/dependents?primary_holder_id=x') },
      { leaves: false, send: request('GET', '/plans') },
      { leaves: false, send: request('PATCH', '/dependents') },
      { leaves: false, send: request('GET', '/person_informations', undefined, 'no token') },
    ]
    const [sequence = []] = fc.sample(
      fc.array(fc.constantFrom(...kinds), { minLength: 1000, maxLength: 1000 }),
      { numRuns: 1, seed: 1049 },
    )

    const expected: (string | null)[] = []
    for (const { leaves, send } of sequence) {
      const response = await send()
      if (leaves) expected.push(requestId(response))
    }

    const trail = await events(ours, expected.length)
    expect(sequence).toHaveLength(1000)
    expect(trail.map((event) => event.request_id).sort()).toEqual(expected.sort())
  })
})
