import { describe, expect, it } from 'vitest'
import { RESOURCES } from './support/resources.ts'
import { useWorker } from './support/worker.ts'

// Without `insurances:read` a write says that the record is there, and nothing of what it holds.

const worker = useWorker({ instrumented: true })

const RECEIPT = {
  id: expect.any(Number),
  created_at: expect.any(String),
  updated_at: expect.any(String),
}

async function aWriter() {
  const clinic = await worker.clinic()
  const token = await worker.token({ clinic_id: clinic.clinicId, scopes: ['insurances:write'] })
  const write = (method: string, path: string, body: object, headers = {}) =>
    worker.call(method, path, { token, body, headers })
  return { clinic, write, patient: await clinic.ownable() }
}

describe.each(RESOURCES)('a token that only writes $name', (resource) => {
  const { name, one, aRecord, change } = resource

  it('creates and amends a record, and sees its id, its times and its ETag alone', async () => {
    const { write, patient } = await aWriter()

    const created = await write('POST', `/${name}`, aRecord(patient))
    expect(created.status).toBe(201)
    expect(created.headers.get('ETag')).toMatch(/^".+"$/)
    const made = Object(await created.json())
    expect(made).toEqual(RECEIPT)

    for (const method of ['PATCH', 'PUT']) {
      for (const body of [{}, change]) {
        const amended = await write(method, `/${name}/${made.id}`, { [one]: body })
        expect(amended.status).toBe(200)
        expect(amended.headers.get('ETag')).toMatch(/^".+"$/)
        expect(await amended.json()).toEqual({ ...RECEIPT, id: made.id })
      }
    }
  })

  it('sees no more of a batch', async () => {
    const { write, patient } = await aWriter()
    const given = [aRecord(patient), aRecord(patient, change)].map((body) => body[one])

    const created = await write('POST', `/${name}/batch`, { [name]: given })

    expect(created.status).toBe(201)
    expect(await created.json()).toEqual({ [name]: [RECEIPT, RECEIPT] })
  })

  it('sees no more by asking for the record that is there already', async () => {
    const { clinic, write, patient } = await aWriter()
    await clinic.post(`/${name}`, aRecord(patient))

    const found = await write('POST', `/${name}?if_exists=return`, aRecord(patient))

    expect(found.status).toBe(200)
    expect(await found.json()).toEqual(RECEIPT)
  })

  it("sees no more of a reader's write by its key, and the reader all of the writer's", async () => {
    const { clinic, write, patient } = await aWriter()
    const batch = { [name]: [aRecord(patient)[one]] }

    for (const [path, body] of [
      [`/${name}`, aRecord(patient)],
      [`/${name}/batch`, batch],
    ] as const) {
      const isBatch = path.endsWith('/batch')
      const receipt = isBatch ? { [name]: [RECEIPT] } : RECEIPT
      const [theirs, ours] = [
        { 'Idempotency-Key': `theirs ${path}` },
        { 'Idempotency-Key': `ours ${path}` },
      ]
      const all = await (await clinic.post(path, body, theirs)).json()
      const replayed = await write('POST', path, body, theirs)
      expect(replayed.headers.get('Idempotent-Replayed')).toBe('true')
      expect(await replayed.json()).toEqual(receipt)

      expect(await (await write('POST', path, body, ours)).json()).toEqual(receipt)
      const read = await clinic.post(path, body, ours)
      expect(read.headers.get('Idempotent-Replayed')).toBe('true')
      const seen = Object(await read.json())
      const keysOf = (answer: object) => Object.keys(isBatch ? Object(answer)[name][0] : answer)
      expect(keysOf(seen)).toEqual(keysOf(Object(all)))
    }
  })

  it('leaves in the trail whom it asked for, where it is told that they must exist', async () => {
    const { write, patient } = await aWriter()
    const { [one]: first = {} } = aRecord(patient)
    const { [one]: second = {} } = aRecord(98_765)
    const settled = { 'x-test-settled': 'yes' }

    const alone = await write('POST', `/${name}`, aRecord(98_765), settled)
    const batch = await write('POST', `/${name}/batch`, { [name]: [first, second] }, settled)
    const wrong = { [name]: [first, { ...second, ...resource.mistake }] }
    const withErrors = await write('POST', `/${name}/batch`, wrong, settled)

    for (const [answer, ids] of [
      [alone, ['98765']],
      [batch, [String(patient), '98765']],
      [withErrors, [String(patient), '98765']],
    ] as const) {
      expect(answer.status).toBe(422)
      const left = await worker.eventOf(answer)
      expect(left?.ids.split(',')).toEqual(expect.arrayContaining([...ids]))
    }
  })
})

describe('the history of a record', () => {
  it('shows that an operator changed it, and not which one', async () => {
    const clinic = await worker.clinic()
    const [resource] = RESOURCES
    const { name = '', aRecord } = resource ?? {}
    await clinic.post(`/${name}`, aRecord?.(await clinic.ownable()))
    await worker.env.DB.prepare("UPDATE changes SET token_id = 'operator:jo' WHERE clinic_id = ?")
      .bind(clinic.clinicId)
      .run()

    const history = await (await clinic.get(`/${name}/1/history`)).text()

    expect(JSON.parse(history).versions).toMatchObject([{ token_id: 'operator' }])
    expect(history).not.toContain('operator:jo')
  })
})
