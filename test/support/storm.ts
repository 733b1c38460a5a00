import { expect, it } from 'vitest'
import { aDependent, aPersonInformation } from './fixtures.ts'
import type { TestWorker } from './worker.ts'

const CLIENTS = 16
const UNAVAILABLE = '{"errors":"Storage is temporarily unavailable"}'

/** Sends so many creates while each D1 call fails with that probability, and compares what is stored. */
export function nothingIsLostInAStorm(worker: TestWorker, creates: number, failing: number) {
  it(`of ${failing * 100} % failures under ${CLIENTS} clients loses no 201, doubles nothing and answers in our shape`, async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()
    const received: number[] = []
    const shapeless: string[] = []
    let unavailable = 0
    let next = 0

    async function client() {
      while (next < creates) {
        const n = next++
        for (let tries = 0; tries <= 20; tries++) {
          const response = await clinic.post(
            '/person_informations',
            aPersonInformation(ownable, { last_name: `Number ${n}` }),
            { 'Idempotency-Key': `create ${n}`, 'x-test-d1-rate': String(failing) },
          )
          const body = await response.text()
          if (response.status === 201) received.push(JSON.parse(body).id)
          if (response.status === 201) break
          if (response.status === 503 && body === UNAVAILABLE) unavailable++
          else shapeless.push(`${response.status} ${body}`)
        }
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))

    const [stored, journal] = await worker.env.DB.batch<{ id: number; last_name: string }>(
      [
        'SELECT id, last_name FROM person_informations WHERE clinic_id = ? ORDER BY id',
        'SELECT record_id AS id, seq FROM changes WHERE clinic_id = ? ORDER BY seq',
      ].map((query) => worker.env.DB.prepare(query).bind(clinic.clinicId)),
    )
    const results = stored?.results ?? []
    const dense = Array.from({ length: creates }, (_, n) => n + 1)
    expect(shapeless).toEqual([])
    expect(unavailable).toBeGreaterThan(0)
    expect(received.sort((a, b) => a - b)).toEqual(dense)
    expect(results.map(({ id }) => id)).toEqual(dense)
    expect(new Set(results.map(({ last_name }) => last_name)).size).toBe(creates)
    expect(journal?.results).toEqual(dense.map((n) => ({ id: n, seq: n })))
  })
}

/**
 * Sends 200 writes of every verb at once while each D1 call fails with that probability, each until it is answered, and
 * compares what is stored with what was sent.
 */
export function everyWriteIsMadeOnceInAStorm(worker: TestWorker, failing: number) {
  it(`of ${failing * 100} % failures makes each of 200 writes at once, of every verb, once`, async () => {
    const clinic = await worker.clinic()
    const owner = await clinic.ownable()
    const named = (name: string) => aDependent(owner, { first_name: name, ssn: null }).dependent
    const [amended, deleted, created, found] = [40, 20, 80, 30]
    const before = amended + deleted
    await clinic.post('/dependents/batch', {
      dependents: Array.from({ length: before }, (_, n) => named(`Before ${n}`)),
    })

    async function send(method: string, path: string, key: string, body?: object) {
      const headers = { 'Idempotency-Key': key, 'x-test-d1-rate': String(failing) }
      for (let tries = 0; tries < 50; tries++) {
        const options = { token: clinic.token, headers, ...(body && { body }) }
        const answer = await worker.call(method, path, options)
        const text = await answer.text()
        if (answer.status !== 503) return { status: answer.status, text }
      }
      throw new Error('a write was never answered')
    }
    const times = <Sent>(count: number, one: (n: number) => Sent) =>
      Array.from({ length: count }, (_, n) => one(n))
    const all = await Promise.all([
      ...times(amended, (n) =>
        send('PATCH', `/dependents/${n + 1}`, `a${n}`, { dependent: { first_name: `After ${n}` } }),
      ),
      ...times(deleted, (n) => send('DELETE', `/dependents/${amended + n + 1}`, `d${n}`)),
      ...times(created, (n) =>
        send('POST', '/dependents', `c${n}`, { dependent: named(`New ${n}`) }),
      ),
      // Two send each, under keys of their own.
      ...times(2 * found, (n) =>
        send('POST', '/dependents?if_exists=return', `f${n}`, {
          dependent: named(`Once ${n >> 1}`),
        }),
      ),
    ])

    const count = (status: number) => all.filter((answer) => answer.status === status).length
    expect([count(200), count(201), count(204)]).toEqual([
      amended + found,
      created + found,
      deleted,
    ])
    const names = [
      ...times(amended, (n) => `After ${n}`),
      ...times(created, (n) => `New ${n}`),
      ...times(found, (n) => `Once ${n}`),
    ]
    const listed: { id: number; first_name: string }[] = []
    for (let page = 1; page <= 11; page++) {
      const text = await (await clinic.get(`/dependents?page=${page}&page_size=15`)).text()
      const { dependents, pagination } = JSON.parse(text)
      expect(pagination.total_count).toBe(names.length)
      listed.push(...dependents)
    }
    expect(listed.map(({ first_name }) => first_name).sort()).toEqual(names.sort())
    expect(listed.map(({ id }) => id)).toEqual([
      ...times(amended, (n) => n + 1),
      ...times(created + found, (n) => before + n + 1),
    ])
    const { results } = await worker.env.DB.prepare(
      'SELECT action, count(*) AS rows FROM changes WHERE clinic_id = ? GROUP BY action ORDER BY action',
    )
      .bind(clinic.clinicId)
      .all()
    expect(results).toEqual([
      { action: 'amend', rows: amended },
      { action: 'create', rows: before + created + found },
      { action: 'delete', rows: deleted },
    ])
  })
}
