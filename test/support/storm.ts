import { expect, it } from 'vitest'
import { aPersonInformation } from './fixtures.ts'
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
