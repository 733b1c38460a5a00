import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import { expectRefusal } from './support/expect.ts'
import { aDependent, somePlans } from './support/fixtures.ts'
import { CONFIG } from './support/project.ts'
import { API, useWorker } from './support/worker.ts'

// What somebody with one token, or none, could wear the service out with.

const worker = useWorker({ instrumented: true })

const countOf = async (query: string, ...values: unknown[]) =>
  Number(
    await worker.env.DB.prepare(query)
      .bind(...values)
      .first('count'),
  )

/** Sends a body in chunks of one byte, as no client of good will does, and gives the status of the answer. */
function sendByteByByte(token: string, bytes: number): Promise<number> {
  const { hostname, port } = new URL(worker.origin)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    socket.on('error', reject)
    socket.on('data', (answer) => {
      resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(String(answer))?.[1]))
      socket.destroy()
    })
    socket.write(
      `POST ${API}/dependents HTTP/1.1\r\nHost: ${hostname}\r\nX-User-Token: ${token}\r\n` +
        'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    )
    const body = `{"dependent": {}}${' '.repeat(bytes)}`.slice(0, bytes)
    socket.write(`${[...body].map((byte) => `1\r\n${byte}\r\n`).join('')}0\r\n\r\n`)
  })
}

describe('a body', () => {
  it('in chunks of one byte is read like any other, up to the limit', async () => {
    const { token } = await worker.clinic()

    expect(await sendByteByByte(token, 60_000)).toBe(422)
    expect(await sendByteByByte(token, 70_000)).toBe(413)
  })

  it('is not waited for where the token lacks the scope', async () => {
    const token = await worker.token({ clinic_id: 'riverside', scopes: ['insurances:read'] })

    const response = await worker.call('POST', '/dependents', {
      ...{ token, body: '{}', headers: { 'x-test-body': 'stall' } },
    })

    await expectRefusal(response, 403, 'Your token lacks a scope: insurances:write')
  })

  it('that never ends is given up', async () => {
    const { token } = await worker.clinic()

    const response = await worker.call('POST', '/dependents', {
      ...{ token, body: '{}', headers: { 'x-test-body': 'stall' } },
    })

    await expectRefusal(response, 408, 'Request body did not arrive within 30 seconds')
  })
})

describe('a flood', () => {
  it('beyond the rate of a token leaves one row a minute in the trail, and all of it in the log', async () => {
    const clinic = await worker.clinic()
    const over = { 'x-test-limit': 'over', 'x-test-settled': 'yes' }
    // All within one minute of the clock.
    const now = { 'x-test-now': String(Math.ceil(Date.now() / 60_000) * 60_000 + 5000) }

    for (let n = 0; n < 20; n++) {
      expect((await clinic.get('/dependents', { ...over, ...now })).status).toBe(429)
    }
    const later = { 'x-test-now': String(Number(now['x-test-now']) + 60_000) }
    await clinic.get('/dependents', { ...over, ...later })
    const colleague = await worker.token({ clinic_id: clinic.clinicId })
    await worker.call('GET', '/dependents', { token: colleague, headers: { ...over, ...later } })

    const rows = await countOf(
      'SELECT count(*) AS count FROM accesses WHERE clinic_id = ? AND status = 429',
      clinic.clinicId,
    )
    expect(rows).toBe(2 + 1)
    const lines = worker.logs().filter(({ message }) => String(message).includes(clinic.clinicId))
    expect(lines.filter(({ message }) => String(message).includes('"status":429'))).toHaveLength(22)
  })

  it('of probes asks storage once in ten seconds', async () => {
    const at = Date.now() + 7_200_000
    const probe = async (now: number) => {
      const { headers } = await worker.fetch('/health/ready', {
        headers: { 'x-test-now': String(now) },
      })
      return [headers.get('x-test-d1'), headers.get('x-test-kv')]
    }

    expect(await probe(at)).toEqual(['1', '1'])
    for (let n = 0; n < 20; n++) expect(await probe(at + 9_999)).toEqual(['0', '0'])
    expect(await probe(at + 10_000)).toEqual(['1', '1'])
  })

  it('of other spellings of a path is one entry of the cache', async () => {
    await worker.publish(somePlans(1))
    const { token } = await worker.clinic()
    const tierOf = async (path: string) =>
      (await worker.fetch(path, { headers: { 'X-User-Token': token } })).headers.get('X-Cache')

    expect(await tierOf(`${API}/plans?page=1`)).toBe('MISS')
    expect(await tierOf(`${API}/pl%61ns?page=1`)).toBe('MEMORY')
  })
})

describe('a refusal that consulted storage', () => {
  it('leaves an event, since it tells who exists', async () => {
    const clinic = await worker.clinic()
    const settled = { 'x-test-settled': 'yes' }

    for (const body of [aDependent(987654321), aDependent(987654321, { first_name: '' })]) {
      const refused = await clinic.post('/dependents', body, settled)
      expect(refused.status).toBe(422)
      expect(await worker.eventOf(refused)).toMatchObject({ action: 'create', status: 422 })
    }
  })
})

describe('the hourly sweep', () => {
  it.each(['', 'staging', 'production'])('is due once an hour in the environment "%s"', (env) => {
    const { triggers } = unstable_readConfig({ config: CONFIG, ...(env && { env }) })

    expect(triggers.crons).toEqual([expect.stringMatching(/^\d+ \* \* \* \*$/)])
  })

  it('deletes in portions, keeps what is young, and says what it did', async () => {
    const insert = (at: string, keys: number) =>
      worker.env.DB.prepare(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
         INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
         SELECT 'swept', ?1 || i, ?1, '', '', 201, 1, 1, 1 FROM n`,
      )
        .bind(at, keys)
        .run()
    await insert('2020-01-01', 12_000)
    await insert(new Date().toISOString(), 3)

    await worker.sweep()

    const left = await countOf(
      "SELECT count(*) AS count FROM idempotency_keys WHERE clinic_id = 'swept'",
    )
    expect(left).toBe(3)
    expect(JSON.parse(await worker.logLine('"swept"')).keys).toBeGreaterThanOrEqual(12_000)
  })
})

describe('a public key of low order', () => {
  const lowOrder = useWorker({ vars: { SSN_PUBLIC_KEY: 'A'.repeat(43) } })

  it('is 503 for an SSN, as no key is', async () => {
    const clinic = await lowOrder.clinic()

    const refused = await clinic.post('/dependents', aDependent(await clinic.ownable()))

    await expectRefusal(refused, 503, 'Social Security Numbers cannot be accepted right now')
  })
})
