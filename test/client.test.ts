import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ClinicInsurancesError, createClient, etagOf } from '../dist/client/index.js'
import { checkAgainstDocument, operations } from './support/contract.ts'
import { aDependent, aPersonInformation, somePlans } from './support/fixtures.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()
beforeAll(() => worker.publish(somePlans(7)))

type Sent = { method: string; url: string; headers: Headers }

/** A client of a new clinic. `sent` is what it sends; `fault`, if it gives an answer or throws, comes first. */
async function aClient(
  fault: (attempt: number) => Promise<Response | undefined> = async () => undefined,
) {
  const clinic = await worker.clinic()
  const sent: Sent[] = []
  const client = createClient({
    baseUrl: `${worker.origin}/`,
    token: clinic.token,
    async fetch(url, init) {
      const { method = 'GET', headers } = init
      sent.push({ method, url, headers: new Headers(headers) })
      const faulty = await fault(sent.length)
      if (faulty) return faulty
      const answer = await fetch(url, init)
      await checkAgainstDocument(method, url, answer)
      return answer
    },
  })
  return { client, clinic, sent }
}

const busy = (status: number) =>
  new Response('{"errors":"Busy"}', { status, headers: { 'Retry-After': '0' } })

describe('the client', () => {
  it('has a method for each operation, and one that follows changes', async () => {
    const { client } = await aClient()

    expect(new Set(Object.keys(client))).toEqual(
      new Set([...operations().map(({ operationId }) => operationId), 'followChanges']),
    )
  })

  it('creates, gets and lists what it created', async () => {
    const { client } = await aClient()
    await client.registerOwnable('Patient', 1049)

    const { person_information } = aPersonInformation(1049)
    const created = await client.createPersonInformation(person_information)
    const dependent = await client.createDependent(aDependent(1049).dependent)

    expect(created).toMatchObject({ ownable_id: 1049, ssn: '***-**-4320' })
    expect(await client.getPersonInformation(created.id)).toEqual(created)
    const page = await client.listPersonInformations({ patient_id: 1049, page_size: 10 })
    expect(page.person_informations).toEqual([created])
    expect(page.pagination).toEqual({
      current_page: 1,
      total_pages: 1,
      total_count: 1,
      per_page: 10,
    })
    const { dependents } = await client.listDependents({ primary_holder_id: 1049 })
    expect(dependents).toEqual([dependent])
  })

  it('creates once for the same person, if it is told to', async () => {
    const { client } = await aClient()
    await client.registerOwnable('Patient', 1049)
    const { dependent } = aDependent(1049)

    const [first, ...others] = await Promise.all(
      Array.from({ length: 4 }, () => client.createDependent(dependent, { ifExists: 'return' })),
    )

    expect(others).toEqual([first, first, first])
    expect((await client.createDependent(dependent)).id).not.toBe(first?.id)
  })

  it('creates many at once, or none', async () => {
    const { client } = await aClient()
    await client.registerOwnable('Patient', 1049)
    const { dependent } = aDependent(1049)

    const made = await client.batchDependents([dependent, { ...dependent, first_name: 'Bo' }])
    const refused = client.batchDependents([dependent, { ...dependent, first_name: '' }])

    expect(made).toMatchObject([{ first_name: 'Ida' }, { first_name: 'Bo' }])
    await expect(refused).rejects.toMatchObject({
      fieldErrors: { 'dependents[1].first_name': ["can't be blank"] },
    })
    const { pagination } = await client.listDependents()
    expect(pagination.total_count).toBe(2)
  })

  it('amends what it read, unless it has changed since', async () => {
    const { client } = await aClient()
    await client.registerOwnable('Patient', 1049)
    const read = await client.createDependent(aDependent(1049).dependent)

    const amended = await client.amendDependent(
      read.id,
      { ...read, first_name: 'Bo' },
      { unlessChangedSince: read },
    )
    const late = client.putDependent(read.id, { first_name: 'Cy' }, { unlessChangedSince: read })

    expect(amended).toMatchObject({ id: read.id, first_name: 'Bo', ssn: read.ssn })
    await expect(late).rejects.toMatchObject({
      status: 412,
      errors: 'This record has been changed since you read it',
    })
    expect(await client.putDependent(read.id, { ssn: null })).toMatchObject({ ssn: null })
  })

  it('refuses to guard an amendment by what it did not read', async () => {
    const { client, sent } = await aClient()

    const amending = client.deleteDependent(1, { unlessChangedSince: { id: 1 } })

    await expect(amending).rejects.toThrow('this record was not read by a client')
    expect(sent).toEqual([])
  })

  it('guards an amendment by an ETag that went through a form', async () => {
    const { client } = await aClient()
    await client.registerOwnables('Patient', [1049, 1050])
    const read = await client.createDependent(aDependent(1049).dependent)
    const unlessChangedSince = etagOf(read)

    await client.amendDependent(read.id, { first_name: 'Bo' }, { unlessChangedSince })
    const late = client.amendDependent(read.id, { first_name: 'Cy' }, { unlessChangedSince })

    await expect(late).rejects.toMatchObject({ status: 412 })
    expect(() => etagOf({ ...read })).toThrow('a copy of one has no ETag')
  })

  it.each([
    ['', 'clinic_1', 'is no origin'],
    ['insurances.example.com', 'clinic_1', 'is no origin'],
    ['https://insurances.example.com/v1/clinic/insurances', 'clinic_1', 'is no origin'],
    ['file:///tmp', 'clinic_1', 'is no origin'],
    ['https://insurances.example.com', '', 'token must be'],
    ['https://insurances.example.com', 'clinic_1\n', 'token must be'],
  ])('is not made for the address "%s" and the token "%s"', (baseUrl, token, message) => {
    expect(() => createClient({ baseUrl, token })).toThrow(TypeError)
    expect(() => createClient({ baseUrl, token })).toThrow(message)
  })

  it('follows no redirect', async () => {
    const { client, sent } = await aClient(
      async () => new Response('', { status: 308, headers: { Location: 'https://other.example' } }),
    )

    await expect(client.listPlans()).rejects.toMatchObject({
      status: 308,
      errors: 'the API is not here: redirects are not followed',
    })
    expect(sent).toHaveLength(1)
  })

  it('deletes, and tells the history', async () => {
    const { client } = await aClient()
    await client.registerOwnable('Patient', 1049)
    const { person_information } = aPersonInformation(1049)
    const { id } = await client.createPersonInformation(person_information)
    const amended = await client.amendPersonInformation(id, { phone: null })

    await client.deletePersonInformation(id, { unlessChangedSince: amended })

    await expect(client.getPersonInformation(id)).rejects.toMatchObject({ status: 404 })
    const told = []
    for await (const version of client.historyPersonInformation(id, { page_size: 2 })) {
      told.push([version.version, version.action, version.person_information?.phone])
    }
    expect(told).toEqual([
      [3, 'delete', undefined],
      [2, 'amend', null],
      [1, 'create', person_information.phone],
    ])
  })

  it('searches, from page to page', async () => {
    const { client, sent } = await aClient()
    await client.registerOwnable('Patient', 1049)
    const { dependent } = aDependent(1049, { last_name: "O'Neil" })
    await client.batchDependents(
      ['Ada', 'Bo', 'Cy'].map((name) => ({ ...dependent, first_name: name })),
    )

    const names = []
    for await (const found of client.searchDependents({ last_name: 'oneil' }, { page_size: 2 })) {
      names.push(found.first_name)
    }
    const { dependents, pagination } = await client.searchDependents({
      last_name: 'oneil',
      first_name: 'b',
      date_of_birth: dependent.date_of_birth,
    })

    expect(names).toEqual(['Ada', 'Bo', 'Cy'])
    expect(dependents).toMatchObject([{ first_name: 'Bo' }])
    expect(pagination.total_count).toBe(1)
    // A name in a URL would get into logs.
    expect(sent.map(({ url }) => new URL(url).search)).toEqual(['', '', '', '', ''])
  })

  it('follows changes to the last, and from there to those that come', async () => {
    const { client } = await aClient()
    await client.registerOwnable('Patient', 1049)
    const { dependent } = aDependent(1049)
    const { id } = await client.createDependent(dependent)
    await client.deleteDependent(id)
    const kept = await client.createDependent(dependent)

    const told = []
    for await (const { seq, action, record } of client.followChanges()) {
      told.push({ seq, action, record })
    }
    expect(told).toEqual([
      { seq: 1, action: 'create', record: null },
      { seq: 2, action: 'delete', record: null },
      { seq: 3, action: 'create', record: kept },
    ])

    const later = client.followChanges({ after: 3, every: 10 })
    const next = later.next()
    await client.deleteDependent(kept.id)
    expect((await next).value).toMatchObject({ seq: 4, action: 'delete' })
    await expect(client.followChanges({ after: 99 }).next()).rejects.toMatchObject({
      fieldErrors: { after: ['start again from 0'] },
    })
  })

  it('follows changes from page to page', async () => {
    const { client } = await aClient()
    await client.registerOwnable('Patient', 1049)
    const { dependent } = aDependent(1049)
    await client.batchDependents(Array.from({ length: 100 }, () => dependent))
    await client.createDependent(dependent)

    const told: number[] = []
    for await (const { seq } of client.followChanges()) told.push(seq)

    expect(told).toEqual(Array.from({ length: 101 }, (_, n) => n + 1))
  })

  it('finds plans, one and what there is', async () => {
    const { client } = await aClient()

    const { plans } = await client.listPlans({
      search: 'harb',
      sort_by: 'plan_name',
      sort_dir: 'DESC',
      page_size: 1,
    })

    expect(plans).toMatchObject([{ plan_name: 'Plan 7' }])
    expect(await client.getPlan(plans[0]?.id ?? 0)).toEqual(plans[0])
    expect(await client.listPlanFacets()).toEqual({
      carriers: [{ name: 'Harbor Mutual', count: 7 }],
      plan_types: [{ name: 'PPO', count: 7 }],
    })
  })

  it('refuses a filter or a search that is undefined, which would find everyone', async () => {
    const { client, sent } = await aClient()
    const patient: { id?: number } = {}
    const list: (query: object) => unknown = client.listPersonInformations
    const search: (search: object) => unknown = client.searchDependents

    expect(() => list({ patient_id: patient.id })).toThrow('patient_id is undefined')
    expect(() => search({ last_name: 'Doe', first_name: undefined })).toThrow(
      'first_name is undefined',
    )
    const changes: (query: object) => Promise<unknown> = client.listChanges
    await expect(changes({ after: patient.id })).rejects.toThrow('after is undefined')
    expect(sent).toEqual([])
  })

  it('goes over all pages by Link, and to no page before it is asked for', async () => {
    const { client, sent } = await aClient()

    const names: string[] = []
    for await (const plan of client.listPlans({ page_size: 3, carrier: 'Harbor Mutual' })) {
      names.push(plan.plan_name)
      expect(sent.length).toBe(Math.ceil(names.length / 3))
    }

    expect(names).toEqual(somePlans(7).map(({ plan_name }) => plan_name))
    expect(sent.every(({ url }) => url.includes('carrier='))).toBe(true)
  })

  it('goes from page to page, from the page of the query on', async () => {
    const { client } = await aClient()

    const numbers: number[] = []
    for await (const page of client.listPlans({ page: 2, page_size: 3 }).pages()) {
      numbers.push(page.pagination.current_page)
    }

    expect(numbers).toEqual([2, 3])
  })

  it('throws what the API refuses, with status, fields and the id of the request', async () => {
    const { client } = await aClient()
    const { dependent } = aDependent(987654321, { first_name: '' })

    const refused = await client.createDependent(dependent).catch((error: unknown) => error)

    expect(refused).toBeInstanceOf(ClinicInsurancesError)
    expect(refused).toMatchObject({
      status: 422,
      fieldErrors: { first_name: ["can't be blank"], primary_holder_id: ['must exist'] },
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      message: "422: first_name can't be blank, primary_holder_id must exist",
    })
  })

  it('throws a sentence for what is not there', async () => {
    const { client } = await aClient()

    const refused = client.getPersonInformation(987654321)

    await expect(refused).rejects.toMatchObject({
      status: 404,
      errors: 'Person information not found',
      fieldErrors: {},
    })
  })

  it('carries the newest bookmark along', async () => {
    const { client, sent } = await aClient()
    await client.registerOwnable('Patient', 1049)
    await client.listDependents()
    await client.getHealth()

    expect(sent.map(({ headers }) => headers.has('x-d1-bookmark'))).toEqual([false, true, false])
    expect(sent[2]?.headers.has('X-User-Token')).toBe(false)
  })

  it('never goes back to an older bookmark, whichever answer comes last', async () => {
    const answered = ['00000002-a', '00000001-b', '', '00000003-c']
    const sent: (string | null)[] = []
    const client = createClient({
      baseUrl: 'https://api.example.com',
      token: 'token',
      async fetch(_, { headers }) {
        sent.push(new Headers(headers).get('x-d1-bookmark'))
        const bookmark = answered.shift()
        return new Response('{}', { headers: bookmark ? { 'x-d1-bookmark': bookmark } : {} })
      },
    })

    for (let n = 0; n < 5; n++) await client.getPlan(1)

    expect(sent).toEqual([null, '00000002-a', '00000002-a', '00000002-a', '00000003-c'])
  })

  it('creates again under the same key when the answer is lost, and under another the next time', async () => {
    let lost = 0
    const { client, clinic, sent } = await aClient()
    const holder = await clinic.ownable()
    const forgetful = createClient({
      baseUrl: worker.origin,
      token: clinic.token,
      async fetch(url, init) {
        sent.push({ method: init.method ?? 'GET', url, headers: new Headers(init.headers) })
        const answer = await fetch(url, init)
        if (lost++ === 0) throw new TypeError('fetch failed')
        return answer
      },
    })

    const { dependent } = aDependent(holder)
    await forgetful.createDependent(dependent)
    await forgetful.createDependent(dependent)

    const keys = sent.map(({ headers }) => headers.get('Idempotency-Key'))
    expect(keys).toHaveLength(3)
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(keys[1]).toBe(keys[0])
    expect(keys[2]).not.toBe(keys[0])
    // Three requests arrived and two of them created something.
    expect(await client.listDependents()).toMatchObject({ pagination: { total_count: 2 } })

    const mine = await client.createDependent(dependent, { idempotencyKey: 'mine' })
    expect(await client.createDependent(dependent, { idempotencyKey: 'mine' })).toEqual(mine)
  })

  it.each([429, 502, 503, 504])('tries again after %s', async (status) => {
    const { client, sent } = await aClient(async (n) => (n < 3 ? busy(status) : undefined))

    expect(await client.getHealth()).toMatchObject({ status: 'ok' })
    expect(sent).toHaveLength(3)
  })

  describe('between two tries', () => {
    afterEach(() => {
      vi.useRealTimers()
      vi.restoreAllMocks()
    })

    /** How long, in milliseconds, it waits before each further try of a request that is answered so. */
    async function waits(answer: () => Promise<Response>, luck = 0.5) {
      vi.useFakeTimers({ now: 0 })
      vi.spyOn(Math, 'random').mockReturnValue(luck)
      const at: number[] = []
      const client = createClient({
        baseUrl: 'https://api.example.com',
        token: 'token',
        fetch() {
          at.push(Date.now())
          return answer()
        },
      })
      const ended = expect(client.getHealth()).rejects.toThrow()
      await vi.runAllTimersAsync()
      await ended
      return at.slice(1).map((time, n) => time - (at[n] ?? 0))
    }

    it.each([
      ['0', 0],
      ['1', 1000],
      ['30', 30_000],
      ['3600', 30_000],
    ])('waits as long as Retry-After says, 30 seconds at most: %s', async (header, wait) => {
      const headers = { 'Retry-After': header }

      const waited = await waits(async () => new Response('', { status: 503, headers }))

      expect(waited).toEqual([wait, wait])
    })

    it.each([
      ['short', 0, [125, 250]],
      ['middling', 0.5, [250, 500]],
      ['long', 0.8, [325, 650]],
    ])('otherwise waits by chance, a %s time and then twice that', async (_, luck, expected) => {
      expect(await waits(async () => new Response('', { status: 503 }), luck)).toEqual(expected)
      const headers = { 'Retry-After': 'Fri, 27 Nov 2026 12:00:00 GMT' }
      const dated = async () => new Response('', { status: 503, headers })
      expect(await waits(dated, luck)).toEqual(expected)
      const unreachable = () => Promise.reject(new TypeError('fetch failed'))
      expect(await waits(unreachable, luck)).toEqual(expected)
    })
  })

  it('gives up after the last try, and does not repeat what was decided', async () => {
    const tired = await aClient(async () => busy(503))
    await expect(tired.client.listPlans()).rejects.toMatchObject({ status: 503 })
    expect(tired.sent).toHaveLength(3)

    const decided = await aClient(async () => busy(500))
    await expect(decided.client.listPlans()).rejects.toMatchObject({ status: 500 })
    expect(decided.sent).toHaveLength(1)
  })

  it("tells of an answer that is not the API's by its status", async () => {
    const { client } = await aClient(async () => new Response('<html>', { status: 418 }))

    await expect(client.getHealth()).rejects.toMatchObject({ status: 418, errors: 'HTTP 418' })
  })

  it('does not begin to wait where it was aborted before', async () => {
    const giveUp = new AbortController()
    const { client, sent } = await aClient(async () => {
      giveUp.abort(new Error('enough'))
      return new Response('', { status: 503, headers: { 'Retry-After': '3600' } })
    })
    const startedAt = performance.now()

    await expect(client.getHealth({ signal: giveUp.signal })).rejects.toThrow('enough')

    expect(sent).toHaveLength(1)
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })

  it('stops waiting and trying when it is aborted', async () => {
    const giveUp = new AbortController()
    const slow = new Response('', { status: 503, headers: { 'Retry-After': '3600' } })
    const { client, sent } = await aClient(async () => slow)

    const call = client.getHealth({ signal: giveUp.signal })
    setTimeout(() => giveUp.abort(new Error('enough')), 50)

    await expect(call).rejects.toThrow('enough')
    expect(sent).toHaveLength(1)
  })

  it('stops following changes at once when it is aborted', async () => {
    const giveUp = new AbortController()
    const { client } = await aClient(async () => Response.json({ changes: [], last_seq: 0 }))

    const next = client.followChanges({ every: 3_600_000, signal: giveUp.signal }).next()
    setTimeout(() => giveUp.abort(new Error('enough')), 50)

    await expect(next).rejects.toThrow('enough')
  })
})
