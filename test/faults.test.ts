import { describe, expect, it } from 'vitest'
import { openSession } from '../src/db/session.ts'
import { registerOwnables } from '../src/ownables/queries.ts'
import { upsertPlans } from '../src/plans/queries.ts'
import { aDependent, aPersonInformation, somePlans } from './support/fixtures.ts'
import { useWorker, type Clinic } from './support/worker.ts'

const worker = useWorker({ instrumented: true })

const count = async (clinic: Clinic, list = 'dependents'): Promise<number> =>
  JSON.parse(await (await clinic.get(`/${list}`)).text()).pagination.total_count

const UNAVAILABLE = '{"errors":"Storage is temporarily unavailable"}'

describe('a create whose storage fails', () => {
  it.each([
    ['before', 2],
    ['after', 2],
    ['before,after', 3],
    ['after,before', 3],
    ['after,after', 3],
  ])('on the way (%s) is made once and answered as if nothing had been', async (faults, d1) => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()

    const response = await clinic.post('/dependents', aDependent(ownable), { 'x-test-d1': faults })

    expect(response.status).toBe(201)
    expect(response.headers.get('x-test-d1')).toBe(String(d1))
    expect(response.headers.get('Idempotent-Replayed')).toBeNull()
    expect(await count(clinic)).toBe(1)
  })

  it.each([
    ['before,before,before', 0],
    ['after,after,after', 1],
  ])('three times (%s) is 503, and sent again with its key is made once', async (faults, made) => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()
    const key = { 'Idempotency-Key': 'again' }

    const lost = await clinic.post('/dependents', aDependent(ownable), {
      ...key,
      'x-test-d1': faults,
    })
    expect(await count(clinic)).toBe(made)
    const found = await clinic.post('/dependents', aDependent(ownable), key)

    expect(lost.status).toBe(503)
    expect(lost.headers.get('Retry-After')).toMatch(/^\d+$/)
    expect(await lost.text()).toBe(UNAVAILABLE)
    expect(found.status).toBe(201)
    expect(found.headers.get('Idempotent-Replayed')).toBe(made ? 'true' : null)
    expect(await count(clinic)).toBe(1)
  })

  it('by never answering is 503 within the deadline', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()
    const started = performance.now()

    const response = await clinic.post('/dependents', aDependent(ownable), {
      'x-test-d1': 'stall,stall,stall',
    })

    expect(response.status).toBe(503)
    expect(await response.text()).toBe(UNAVAILABLE)
    expect(response.headers.get('x-test-d1')).toBe('3')
    // Not a measurement: without a deadline the request would never end.
    expect(performance.now() - started).toBeLessThan(20_000)
  })

  it('by not answering once is made at the second try', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()

    const response = await clinic.post('/dependents', aDependent(ownable), { 'x-test-d1': 'stall' })

    expect(response.status).toBe(201)
    expect(await count(clinic)).toBe(1)
  })

  it('by overload is 503 without another try', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()

    const response = await clinic.post('/dependents', aDependent(ownable), {
      'x-test-d1': 'overload',
    })

    expect(response.status).toBe(503)
    expect(response.headers.get('x-test-d1')).toBe('1')
    expect(await count(clinic)).toBe(0)
  })

  it('in another way is 500 without another try, and tells nothing', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()

    const response = await clinic.post('/dependents', aDependent(ownable), {
      'x-test-d1': 'broken',
    })

    expect(response.status).toBe(500)
    expect(response.headers.get('x-test-d1')).toBe('1')
    expect(await response.text()).toBe('{"errors":"Internal server error"}')
  })
})

describe('a read whose storage fails', () => {
  it.each([
    '/person_informations',
    '/dependents?primary_holder_id=5',
    '/person_informations/5',
    '/plans',
  ])('twice is answered, thrice is 503: %s', async (path) => {
    const clinic = await worker.clinic()

    const thrice = await clinic.get(path, { 'x-test-d1': 'before,after,before' })
    const twice = await clinic.get(path, { 'x-test-d1': 'before,after' })

    expect(thrice.status).toBe(503)
    expect(await thrice.text()).toBe(UNAVAILABLE)
    expect(twice.status).toBe(path.endsWith('/5') ? 404 : 200)
  })
})

describe('KV', () => {
  it('that fails twice is asked again', async () => {
    const clinic = await worker.clinic()

    const response = await clinic.get('/dependents', { 'x-test-kv': 'before,before' })

    expect(response.status).toBe(200)
    expect(response.headers.get('x-test-kv')).toBe('3')
  })

  it.each(['/dependents', '/plans', '/person_informations/1'])(
    'that stays away opens no door: %s is 503',
    async (path) => {
      const clinic = await worker.clinic()

      const response = await clinic.get(path, { 'x-test-kv': 'before,before,before' })

      expect(response.status).toBe(503)
      expect(response.headers.get('Retry-After')).toMatch(/^\d+$/)
      expect(response.headers.get('x-test-d1')).toBe('0')
    },
  )
})

describe('the edge cache', () => {
  it.each(['broken', 'stall'])('that fails (%s) is not needed', async (fault) => {
    const clinic = await worker.clinic()
    await worker.publish()

    const response = await clinic.get('/plans', { 'x-test-cache': fault })

    expect(response.status).toBe(200)
    expect(response.headers.get('X-Cache')).toBe('MISS')
  })
})

describe('a storm', () => {
  const CREATES = 2000
  const CLIENTS = 16

  it(
    'of 30 % failures under 16 clients loses no 201, doubles nothing and answers in our shape',
    { timeout: 300_000 },
    async () => {
      const clinic = await worker.clinic()
      const ownable = await clinic.ownable()
      const received: number[] = []
      const shapeless: string[] = []
      let unavailable = 0
      let next = 0

      async function client() {
        while (next < CREATES) {
          const n = next++
          for (let tries = 0; ; tries++) {
            const response = await clinic.post(
              '/person_informations',
              aPersonInformation(ownable, { last_name: `Number ${n}` }),
              { 'Idempotency-Key': `create ${n}`, 'x-test-d1-rate': '0.3' },
            )
            const body = await response.text()
            if (response.status === 201) received.push(JSON.parse(body).id)
            if (response.status === 201) break
            if (response.status === 503 && body === UNAVAILABLE) unavailable++
            else shapeless.push(`${response.status} ${body}`)
            if (tries === 20) break
          }
        }
      }
      await Promise.all(Array.from({ length: CLIENTS }, client))

      const { results } = await worker.env.DB.prepare(
        'SELECT id, position, last_name FROM person_informations WHERE clinic_id = ? ORDER BY position',
      )
        .bind(clinic.clinicId)
        .all<{ id: number; position: number; last_name: string }>()
      const stored = new Set(results.map(({ id }) => id))
      expect(shapeless).toEqual([])
      expect(unavailable).toBeGreaterThan(0)
      expect(received).toHaveLength(CREATES)
      expect(received.filter((id) => !stored.has(id))).toEqual([])
      expect(results).toHaveLength(CREATES)
      expect(new Set(results.map(({ last_name }) => last_name)).size).toBe(CREATES)
      expect(results.map(({ position }) => position)).toEqual(results.map((_, n) => n + 1))
    },
  )
})

describe('an import whose answers are lost after the commit', () => {
  /** A session of the real D1 that loses every other answer. */
  function losingAnswers() {
    const session = worker.env.DB.withSession('first-primary')
    let batches = 0
    return openSession({
      getBookmark: () => session.getBookmark(),
      prepare: (query) => session.prepare(query),
      async batch<Row>(statements: D1PreparedStatement[]) {
        const answers = await session.batch<Row>(statements)
        if (batches++ % 2 === 0) throw new Error('D1_ERROR: Network connection lost.')
        return answers
      },
    })
  }

  it('counts the plans that it wrote', async () => {
    await worker.publish()
    const db = losingAnswers()
    const renamedSecond = (n: number) => (n === 2 ? { plan_name: 'Renamed' } : {})

    expect(await upsertPlans(db, somePlans(2))).toEqual({ inserted: 2, updated: 0, unchanged: 0 })
    expect(await upsertPlans(db, somePlans(10, renamedSecond))).toEqual({
      inserted: 8,
      updated: 1,
      unchanged: 1,
    })
  })

  it('counts the ownables that it registered', async () => {
    const db = losingAnswers()
    const { clinicId } = await worker.clinic()
    const patients = (...ids: number[]) => ids.map((id) => ({ type: 'Patient', id }))

    for (const ids of [
      [1, 1],
      [1, 2],
    ]) {
      expect(await registerOwnables(db, clinicId, patients(...ids))).toEqual({
        inserted: 1,
        unchanged: 1,
      })
    }
  })
})
