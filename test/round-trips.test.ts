import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aDependent, aPersonInformation, somePlans } from './support/fixtures.ts'
import { startWorker, type Clinic, type TestWorker } from './support/worker.ts'

let worker: TestWorker
let clinic: Clinic
beforeAll(async () => {
  worker = await startWorker({ instrumented: true })
  clinic = await worker.clinic()
  await clinic.ownable('Patient', 1049)
})
afterAll(() => worker.close())

/** Storage calls of one request: D1 round trips and KV reads. */
const calls = ({ headers }: { headers: { get(name: string): string | null } }) => ({
  d1: Number(headers.get('x-test-d1')),
  kv: Number(headers.get('x-test-kv')),
})

describe('a request', () => {
  it.each([
    ['GET', '/person_informations', undefined, 200, 1],
    ['GET', '/person_informations?patient_id=1049&page=2', undefined, 200, 1],
    ['GET', '/person_informations/1', undefined, 404, 1],
    ['GET', '/person_informations/abc', undefined, 404, 0],
    ['GET', '/person_informations?page=0', undefined, 422, 0],
    ['POST', '/person_informations', aPersonInformation(1049), 201, 1],
    ['POST', '/person_informations', aPersonInformation(5), 422, 1],
    ['POST', '/person_informations', aPersonInformation(5, { first_name: '' }), 422, 1],
    ['POST', '/person_informations', aPersonInformation(0, { first_name: '' }), 422, 0],
    ['GET', '/dependents', undefined, 200, 1],
    ['GET', '/dependents?primary_holder_id=1049', undefined, 200, 1],
    ['POST', '/dependents', aDependent(1049), 201, 1],
    ['POST', '/dependents', aDependent(5), 422, 1],
    ['PUT', '/ownables/Patient/5', undefined, 204, 1],
  ])(
    '%s %s makes one D1 round trip at most and one KV read',
    async (method, path, body, status, d1) => {
      // A clinic of its own where the case asks for an ownable that is absent.
      const caller = status === 422 ? await worker.clinic() : clinic

      const response = await worker.call(method, path, {
        token: caller.token,
        ...(body && { body }),
      })

      expect(response.status).toBe(status)
      expect(calls(response)).toEqual({ d1, kv: 1 })
    },
  )

  it('for plans reads D1 once when cold and never when warm, and token and version together', async () => {
    await worker.publish(somePlans(3))

    const cold = await clinic.get('/plans')
    const warm = await clinic.get('/plans')
    const kept = await clinic.get('/plans', { 'If-None-Match': warm.headers.get('ETag') ?? '' })
    const otherIsolate = await worker.call('GET', '/plans', {
      token: clinic.token,
      isolate: worker.second,
    })

    expect(cold.headers.get('X-Cache')).toBe('MISS')
    expect(calls(cold)).toEqual({ d1: 1, kv: 1 })
    expect(warm.headers.get('X-Cache')).toBe('MEMORY')
    expect(calls(warm)).toEqual({ d1: 0, kv: 1 })
    expect(kept.status).toBe(304)
    expect(calls(kept)).toEqual({ d1: 0, kv: 1 })
    expect(otherIsolate.headers.get('X-Cache')).toBe('HIT')
    expect(calls(otherIsolate)).toEqual({ d1: 0, kv: 1 })
  })
})

describe('a list of 100,000 person informations', () => {
  const RECORDS = 100_000
  beforeAll(async () => {
    const now = new Date().toISOString()
    await worker.env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
       INSERT INTO ownables SELECT 'large', 'Patient', i, ? FROM n`,
    )
      .bind(now)
      .run()
    await worker.env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
       INSERT INTO person_informations
         (clinic_id, position, ownable_type, ownable_id, first_name, last_name, date_of_birth, created_at, updated_at)
       SELECT 'large', i, 'Patient', 1 + i % 20000, 'Ana', 'Sørensen', '1990-05-15', ?2, ?2 FROM n`,
    )
      .bind(RECORDS, now)
      .run()
  })

  it.each([1, 2000, 4000])('reads page_size + 3 rows at most on page %i', async (page) => {
    const token = await worker.token({ clinic_id: 'large' })

    const response = await worker.call('GET', `/person_informations?page=${page}`, { token })

    expect(await response.json()).toMatchObject({
      pagination: { current_page: page, total_pages: 4000, total_count: RECORDS },
    })
    expect(Number(response.headers.get('x-test-rowsread'))).toBeLessThanOrEqual(28)
  })
})
