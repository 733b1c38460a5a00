import { beforeAll, describe, expect, it } from 'vitest'
import { aDependent, aPersonInformation, somePlans } from './support/fixtures.ts'
import { useWorker, type Clinic } from './support/worker.ts'

const worker = useWorker({ instrumented: true, twoIsolates: true })
let clinic: Clinic
beforeAll(async () => {
  clinic = await worker.clinic()
  await clinic.ownable('Patient', 1049)
})

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
      isolate: 'second',
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
