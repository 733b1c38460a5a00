import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { expectRefusal } from './support/expect.ts'
import { aDependent, aPersonInformation, CANARY } from './support/fixtures.ts'
import { API, useWorker } from './support/worker.ts'

const worker = useWorker({ instrumented: true })

describe('400', () => {
  it.each([
    ['half an object', '{"dependent": {', ': line 1, column 16'],
    ['half an object over lines', '{\n  "dependent": {\n', ': line 3, column 1'],
    ['nothing', '', ': line 1, column 1'],
    ['text', 'dependent=1', ''],
    ['two values', '{} {}', ': line 1, column 4'],
  ])('refuses %s, and says where if JSON.parse does', async (_, body, place) => {
    const clinic = await worker.clinic()

    const response = await clinic.post('/dependents', body, { 'Content-Type': 'application/json' })

    await expectRefusal(response, 400, `Request body is not valid JSON${place}`)
  })

  it('is no answer to a body that begins with a byte order mark', async () => {
    const clinic = await worker.clinic()
    const body = `\uFEFF${JSON.stringify(aDependent(await clinic.ownable()))}`

    expect((await clinic.post('/dependents', body)).status).toBe(201)
  })

  it('refuses bytes that are not UTF-8, which would be stored as another name', async () => {
    const clinic = await worker.clinic()
    const text = JSON.stringify(aDependent(1, { first_name: 'José' }))

    const response = await worker.fetch(`${API}/dependents`, {
      method: 'POST',
      headers: { 'X-User-Token': clinic.token, 'Content-Type': 'application/json' },
      body: Buffer.from(text, 'latin1'),
    })

    expect(response.status).toBe(400)
  })
})

describe('413', () => {
  it('refuses a body over 64 KiB and takes one of exactly that', async () => {
    const clinic = await worker.clinic()
    const padded = (length: number) => {
      const text = JSON.stringify(aDependent(987654321))
      return text + ' '.repeat(length - Buffer.byteLength(text))
    }

    const over = await clinic.post('/dependents', padded(65_537))
    const exact = await clinic.post('/dependents', padded(65_536))

    await expectRefusal(over, 413, 'Request body is larger than 64 KiB')
    expect(exact.status).toBe(422)
  })

  it('counts a body that does not say how long it is', async () => {
    const clinic = await worker.clinic()
    const chunk = new TextEncoder().encode(' '.repeat(10_000))
    let sent = 0

    const response = await worker.fetch(`${API}/dependents`, {
      method: 'POST',
      headers: { 'X-User-Token': clinic.token, 'Content-Type': 'application/json' },
      body: new ReadableStream({
        pull: (controller) => (sent++ < 10 ? controller.enqueue(chunk) : controller.close()),
      }),
      duplex: 'half',
    })

    expect(response.status).toBe(413)
  })
})

describe('a body that a GET carries', () => {
  it.each(['/dependents', '/person_informations/1', '/plans', '/nothing'])(
    'changes nothing at %s',
    async (path) => {
      const clinic = await worker.clinic()
      // fetch would not send it.
      const answered = async (body: string, framing: object) => {
        const headers = { 'X-User-Token': clinic.token, ...framing }
        const sent = request(`${worker.origin}${API}${path}`, { headers }).end(body)
        const [response] = await once(sent, 'response')
        return [response.statusCode, await text(response)]
      }

      const expected = await answered('', {})
      expect(await answered('{}', { 'Content-Length': 2 })).toEqual(expected)
      expect(await answered('{}', { 'Transfer-Encoding': 'chunked' })).toEqual(expected)
    },
  )
})

describe('415', () => {
  it.each([
    ['no type', ''],
    ['text/plain', 'text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['JSON in its name alone', 'application/jsonp'],
  ])('refuses %s', async (_, contentType) => {
    const clinic = await worker.clinic()

    const response = await clinic.post('/dependents', aDependent(1), {
      'Content-Type': contentType,
    })

    await expectRefusal(response, 415, 'Content-Type must be application/json')
  })

  it('says of another charset that it must be UTF-8', async () => {
    const clinic = await worker.clinic()

    const response = await clinic.post('/dependents', aDependent(1), {
      'Content-Type': 'application/json; charset=iso-8859-1',
    })

    await expectRefusal(response, 415, 'Request body must be UTF-8')
  })

  it('says of a body in a coding that there is none it would take', async () => {
    const clinic = await worker.clinic()

    const response = await clinic.post('/dependents', aDependent(1), { 'Content-Encoding': 'gzip' })

    await expectRefusal(response, 415, 'Request body must be sent without Content-Encoding')
    expect(response.headers.get('Accept-Encoding')).toBe('identity')
  })

  it.each(['application/json', 'Application/JSON; charset=UTF-8', 'application/vnd.clinic+json'])(
    'takes %s',
    async (contentType) => {
      const clinic = await worker.clinic()
      const holder = await clinic.ownable()

      const response = await clinic.post('/dependents', aDependent(holder), {
        'Content-Type': contentType,
      })

      expect(response.status).toBe(201)
    },
  )
})

describe('422', () => {
  it('refuses a bookmark that is not one and reads its own writes with one that is', async () => {
    const clinic = await worker.clinic()
    const holder = await clinic.ownable()
    const created = await clinic.post('/dependents', aDependent(holder))
    const bookmark = created.headers.get('x-d1-bookmark') ?? ''

    const malformed = await clinic.get('/dependents', { 'x-d1-bookmark': 'first-primary' })
    const read = await clinic.get('/dependents', { 'x-d1-bookmark': bookmark })

    await expectRefusal(malformed, 422, {
      'x-d1-bookmark': ['is not a bookmark: send what an answer gave you, or nothing'],
    })
    expect(await read.json()).toMatchObject({ pagination: { total_count: 1 } })
    expect(read.headers.get('x-d1-bookmark')).toMatch(/^[0-9a-f]{8}-/)
  })
})

describe('500', () => {
  it('tells nothing of the query, the person or the storage, and is not tried again', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()
    // Fails with a message that holds a name and an SSN.
    const broken = { 'x-test-d1': 'broken' }

    const responses = [
      await clinic.post('/person_informations', aPersonInformation(ownable), broken),
      await clinic.get(`/person_informations?patient_id=${ownable}`, broken),
      await clinic.get('/person_informations/1', broken),
    ]

    for (const response of responses) {
      await expectRefusal(response, 500, 'Internal server error')
      expect(response.headers.get('x-test-d1')).toBe('1')
      const requestId = response.headers.get('X-Request-Id') ?? ''
      expect(await worker.logLine(requestId)).toContain('"code":"internal"')
    }
    const secrets = [CANARY.name, CANARY.ssn, '1990-05-15', 'ana@', 'select', 'D1_ERROR']
    for (const secret of [...secrets, clinic.token, `=${ownable}`]) {
      expect(JSON.stringify(worker.logs()).toLowerCase()).not.toContain(secret.toLowerCase())
    }
  })
})

describe('503', () => {
  const keyless = useWorker({ vars: { SSN_PUBLIC_KEY: '' } })

  it('refuses an SSN when there is no key to seal it to, and takes the record without one', async () => {
    const clinic = await keyless.clinic()
    const holder = await clinic.ownable()

    const refused = await clinic.post('/dependents', aDependent(holder))
    const taken = await clinic.post('/dependents', aDependent(holder, { ssn: null }))

    expect(refused.status).toBe(503)
    expect(refused.headers.get('Retry-After')).toMatch(/^\d+$/)
    expect(await refused.json()).toEqual({
      errors: 'Social Security Numbers cannot be accepted right now',
    })
    expect(taken.status).toBe(201)
  })
})
