import { beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { clinicOf, dependentsUpTo, fill, ladder } from '../bench/fill.ts'
import { useWorker } from './worker.ts'

const listAnswer = z.object({ pagination: z.object({ total_count: z.number() }) })

/** Fills clinics of 1,000, 10,000 … up to so many person informations, and counts what pages of them cost. */
export function budgetsHoldUpTo(records: number) {
  const worker = useWorker({ instrumented: true })
  const sizes = ladder(records)
  const tokens = new Map<number, string>()
  beforeAll(async () => {
    await worker.publish()
    await fill(worker.env.DB, records, () => {})
    for (const size of sizes) {
      tokens.set(size, await worker.token({ clinic_id: clinicOf(size) }))
    }
  })

  /** Asks for a page and gives the size of the whole list and the cost of the page. */
  async function cost(size: number, path: string) {
    const response = await worker.call('GET', path, { token: tokens.get(size) ?? '' })
    expect(response.status).toBe(200)
    const { pagination } = listAnswer.parse(await response.json())
    return {
      total: pagination.total_count,
      d1: Number(response.headers.get('x-test-d1')),
      statements: Number(response.headers.get('x-test-statements')),
      rowsRead: Number(response.headers.get('x-test-rowsread')),
    }
  }

  describe.each(sizes)('in a clinic of %i person informations, a page', (size) => {
    it.each([
      ['/person_informations', size],
      ['/dependents', dependentsUpTo(size)],
    ])(
      'of %s reads page_size + 3 rows at most, the first, a middle and the last',
      async (path, total) => {
        for (const pageSize of [1, 25, 100]) {
          const last = Math.ceil(total / pageSize)
          for (const page of [1, Math.ceil(last / 2), last, last + 1]) {
            const { rowsRead, ...costs } = await cost(
              size,
              `${path}?page=${page}&page_size=${pageSize}`,
            )
            expect(costs).toEqual({ total, d1: 1, statements: 1 })
            expect(rowsRead).toBeLessThanOrEqual(pageSize + 3)
          }
        }
      },
    )

    it.each(['/person_informations?patient_id=', '/dependents?primary_holder_id='])(
      'of %s… reads twice its matches and 3 rows at most',
      async (path) => {
        for (const id of [1, size / 8, size / 4, 987654321]) {
          const { rowsRead, total } = await cost(size, path + id)
          expect(total > 0).toBe(id <= size / 4)
          expect(rowsRead).toBeLessThanOrEqual(2 * total + 3)
        }
      },
    )
  })

  describe('among 20,000 plans, a page', () => {
    it('reads page_size + 3 rows at most, the first, a middle and the last', async () => {
      for (const page of [1, 100, 200]) {
        const { rowsRead, d1 } = await cost(records, `/plans?page=${page}&page_size=100`)
        expect(d1).toBe(1)
        expect(rowsRead).toBeLessThanOrEqual(103)
      }
    })

    const either = (name: string, values: string[]) => [
      '',
      ...values.map((value) => `&${name}=${value}`),
    ]
    const filters = either('plan_type', ['ppo', 'none']).flatMap((planType) =>
      either('carrier', ['carrier+3', 'none']).flatMap((carrier) =>
        either('active', ['true', 'false']).map((active) => planType + carrier + active),
      ),
    )
    it.each(filters.filter((filter) => filter !== ''))(
      'of %s reads twice its matches and 3 rows at most, the first and the last',
      async (filter) => {
        const first = await cost(records, `/plans?page_size=99${filter}`)
        const last = Math.max(1, Math.ceil(first.total / 100))
        const final = await cost(records, `/plans?page=${last}&page_size=100${filter}`)

        expect(final).toMatchObject({ total: first.total, d1: 1, statements: 1 })
        expect(first.rowsRead).toBeLessThanOrEqual(2 * first.total + 3)
        expect(final.rowsRead).toBeLessThanOrEqual(2 * final.total + 3)
      },
    )
  })
}
