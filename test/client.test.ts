import { beforeAll, describe, expect, it } from 'vitest'
import { ClinicInsurancesError, createClient } from '../src/client/index.ts'
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
  it('has a method for each operation', async () => {
    const { client } = await aClient()

    expect(new Set(Object.keys(client))).toEqual(
      new Set(operations().map(({ operationId }) => operationId)),
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

  it('stops waiting and trying when it is aborted', async () => {
    const giveUp = new AbortController()
    const slow = new Response('', { status: 503, headers: { 'Retry-After': '3600' } })
    const { client, sent } = await aClient(async () => slow)

    const call = client.getHealth({ signal: giveUp.signal })
    setTimeout(() => giveUp.abort(new Error('enough')), 50)

    await expect(call).rejects.toThrow('enough')
    expect(sent).toHaveLength(1)
  })
})
