import { describe, expect, it } from 'vitest'
import { insertOwnables } from '../src/operator/ownables.ts'
import { publishPlans } from '../src/operator/publish-plans.ts'
import { expectRefusal } from './support/expect.ts'
import { aDependent, somePlans } from './support/fixtures.ts'
import { RESOURCES } from './support/resources.ts'
import { losingAnswers } from './support/losing.ts'
import { everyWriteIsMadeOnceInAStorm, nothingIsLostInAStorm } from './support/storm.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker({ instrumented: true })

const UNAVAILABLE = 'Storage is temporarily unavailable'

/** A new clinic, and the answer to its create while storage fails as the headers say. */
async function create(headers: Record<string, string>) {
  const clinic = await worker.clinic()
  const body = aDependent(await clinic.ownable())
  return { clinic, body, response: await clinic.post('/dependents', body, headers) }
}

describe('a create whose storage fails', () => {
  it.each([
    ['before', 2],
    // The second try finds its own key used, and one more batch tells whose it is.
    ['after', 3],
    ['before,after', 4],
    ['after,before', 4],
    ['after,after', 3],
  ])('on the way (%s) is made once and answered as if nothing had been', async (faults, d1) => {
    const { clinic, response } = await create({ 'x-test-d1': faults })

    expect(response.status).toBe(201)
    expect(response.headers.get('x-test-d1')).toBe(String(d1))
    expect(response.headers.get('Idempotent-Replayed')).toBeNull()
    expect(await clinic.total('dependents')).toBe(1)
  })

  it.each([
    ['before,before,before', 0],
    ['after,ok,before,before,before', 1],
  ])('three times (%s) is 503, and sent again with its key is made once', async (faults, made) => {
    const key = { 'Idempotency-Key': 'again' }

    const { clinic, body, response: lost } = await create({ ...key, 'x-test-d1': faults })
    expect(await clinic.total('dependents')).toBe(made)
    const found = await clinic.post('/dependents', body, key)

    await expectRefusal(lost, 503, UNAVAILABLE)
    expect(lost.headers.get('Retry-After')).toMatch(/^\d+$/)
    expect(found.status).toBe(201)
    expect(found.headers.get('Idempotent-Replayed')).toBe(made ? 'true' : null)
    expect(await clinic.total('dependents')).toBe(1)
  })

  it('by never answering is 503 within ten seconds', async () => {
    const { response } = await create({
      'x-test-kv': 'stall,stall',
      'x-test-d1': 'stall,stall,stall',
    })

    await expectRefusal(response, 503, UNAVAILABLE)
    expect(response.headers.get('x-test-kv')).toBe('3')
    expect(response.headers.get('x-test-d1')).toBe('3')
    expect(Number(response.headers.get('x-test-patience'))).toBe(2 * 750 + 3 * 2500)
  })

  it('by not answering once is made at the second try', async () => {
    const { clinic, response } = await create({ 'x-test-d1': 'stall' })

    expect(response.status).toBe(201)
    expect(response.headers.get('x-test-patience')).toBe('2500')
    expect(await clinic.total('dependents')).toBe(1)
  })

  it('by overload is 503 without another try', async () => {
    const { clinic, response } = await create({ 'x-test-d1': 'overload' })

    await expectRefusal(response, 503, UNAVAILABLE)
    expect(response.headers.get('x-test-d1')).toBe('1')
    expect(await clinic.total('dependents')).toBe(0)
    const requestId = response.headers.get('X-Request-Id') ?? ''
    expect(JSON.parse(await worker.logLine(requestId))).toMatchObject({
      ...{ level: 'error', code: 'storageUnavailable', fault: 'overloaded' },
    })
  })
})

describe('a read whose storage fails', () => {
  it.each(
    RESOURCES.flatMap(({ name, owner }): [string, number][] => [
      [`/${name}`, 200],
      [`/${name}?${owner.filter}=5`, 200],
      [`/${name}/5`, 404],
    ]).concat([['/plans', 200]]),
  )('twice is answered, thrice is 503: %s', async (path, status) => {
    const clinic = await worker.clinic()
    await worker.publish()

    const thrice = await clinic.get(path, { 'x-test-d1': 'before,after,before' })
    const twice = await clinic.get(path, { 'x-test-d1': 'before,after' })

    await expectRefusal(thrice, 503, UNAVAILABLE)
    expect(twice.status).toBe(status)
  })
})

describe('KV', () => {
  it('that fails twice is asked again', async () => {
    const clinic = await worker.clinic()

    const response = await clinic.get('/dependents', { 'x-test-kv': 'before,before' })

    expect(response.status).toBe(200)
    expect(response.headers.get('x-test-kv')).toBe('3')
  })
})

describe('the edge cache', () => {
  it.each([
    ['broken', 0],
    ['stall', 1000],
  ])('that fails (%s) is not needed', async (fault, patience) => {
    const clinic = await worker.clinic()
    await worker.publish()

    const response = await clinic.get('/plans', { 'x-test-cache': fault })

    expect(response.status).toBe(200)
    expect(response.headers.get('X-Cache')).toBe('MISS')
    expect(response.headers.get('x-test-patience')).toBe(String(patience))
  })
})

describe('a storm', () => {
  nothingIsLostInAStorm(worker, 60, 0.6)
  everyWriteIsMadeOnceInAStorm(worker, 0.3)
})

describe('an import whose answers are lost after the commit', () => {
  it('counts the plans that it wrote', async () => {
    await worker.publish()
    const db = losingAnswers(worker.env.DB)
    const renamedSecond = (n: number) => (n === 2 ? { plan_name: 'Renamed' } : {})

    const { TOKENS } = worker.env
    expect(await publishPlans(db, TOKENS, somePlans(2))).toMatchObject({
      ...{ inserted: 2, updated: 0, unchanged: 0 },
    })
    expect(await publishPlans(db, TOKENS, somePlans(10, renamedSecond))).toMatchObject({
      ...{ inserted: 8, updated: 1, unchanged: 1 },
    })
  })

  it('counts the ownables that it registered', async () => {
    const db = losingAnswers(worker.env.DB)
    const { clinicId } = await worker.clinic()
    const patients = (...ids: number[]) => ids.map((id) => ({ type: 'Patient', id }))

    const once = { inserted: 1, unchanged: 1 }
    expect(await insertOwnables(db, clinicId, patients(1, 1))).toEqual(once)
    expect(await insertOwnables(db, clinicId, patients(1, 2))).toEqual(once)
  })
})
