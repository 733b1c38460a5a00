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

    const { results } = await worker.env.DB.prepare(
      'SELECT id, position, last_name FROM person_informations WHERE clinic_id = ? ORDER BY position',
    )
      .bind(clinic.clinicId)
      .all<{ id: number; position: number; last_name: string }>()
    const stored = new Set(results.map(({ id }) => id))
    expect(shapeless).toEqual([])
    expect(unavailable).toBeGreaterThan(0)
    expect(received).toHaveLength(creates)
    expect(received.filter((id) => !stored.has(id))).toEqual([])
    expect(results).toHaveLength(creates)
    expect(new Set(results.map(({ last_name }) => last_name)).size).toBe(creates)
    expect(results.map(({ position }) => position)).toEqual(results.map((_, n) => n + 1))
  })
}
