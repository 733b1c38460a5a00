import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { clinicOf, dependentsUpTo, fill, ladder, manyPlans, PLANS } from '../bench/fill.ts'
import { RESOURCES } from './resources.ts'
import { useWorker } from './worker.ts'

const listAnswer = z.object({ pagination: z.object({ total_count: z.number() }) })

/** A plan that hundreds have. */
const INSURED = 7

/** Fills clinics of 1,000, 10,000 … up to so many person informations, and counts what requests of them cost. */
export function budgetsHoldUpTo(records: number) {
  const worker = useWorker({ instrumented: true })
  const sizes = ladder(records)
  const tokens = new Map<number, string>()
  beforeAll(async () => {
    await worker.publish(manyPlans())
    await fill(worker.env.DB, records, () => {})
    for (const size of sizes) {
      await deleteRecords(clinicOf(size), deletedIn(size))
      await worker.env.DB.prepare(
        'UPDATE coverages SET plan_id = ? WHERE clinic_id = ? AND id % 2 = 0 AND id <= 1000',
      )
        .bind(INSURED, clinicOf(size))
        .run()
      tokens.set(size, await worker.token({ clinic_id: clinicOf(size) }))
    }
  })

  /** One of a thousand person informations is deleted, anywhere but where requests go by id. */
  const deletedIn = (size: number) => {
    const ids = Array.from({ length: size }, (_, n) => n + 1)
    const others = ids.filter((id) => ![700, dependentsUpTo(size)].includes(id))
    return fc
      .sample(fc.shuffledSubarray(others, { minLength: size / 1000, maxLength: size / 1000 }), {
        ...{ numRuns: 1, seed: 20261129 },
      })
      .flat()
  }

  /** Takes person informations away, and counts them as deletions do. */
  async function deleteRecords(clinicId: string, ids: readonly number[]) {
    await worker.env.DB.batch(
      [
        `WITH RECURSIVE path (node) AS (
          SELECT value FROM json_each(?2) UNION ALL SELECT node + (node & -node) FROM path WHERE node < 1 << 24)
        INSERT INTO deletions (clinic_id, resource, node, n)
        SELECT ?1, 'person_informations', node, count(*) FROM path GROUP BY node`,
        'DELETE FROM person_informations WHERE clinic_id = ?1 AND id IN (SELECT value FROM json_each(?2))',
      ].map((query) => worker.env.DB.prepare(query).bind(clinicId, JSON.stringify(ids))),
    )
  }

  /** Sends a request to the clinic of that size, and gives what it answered and what it cost. */
  async function ask(size: number, method: string, path: string, body?: unknown, headers = {}) {
    const response = await worker.call(method, path, {
      ...{ token: tokens.get(size) ?? '', headers },
      ...(body !== undefined && { body }),
    })
    const counted = (name: string) => Number(response.headers.get(`x-test-${name}`))
    return {
      status: response.status,
      text: await response.text(),
      d1: counted('d1'),
      statements: counted('statements'),
      rowsRead: counted('rowsread'),
      rowsWritten: counted('rowswritten'),
    }
  }

  const countOf = async (query: string, size: number) =>
    Number(await worker.env.DB.prepare(query).bind(clinicOf(size)).first('count'))

  /** Asks for a page and gives the size of the whole list and the cost of the page. */
  async function cost(size: number, path: string) {
    const { status, text, d1, statements, rowsRead } = await ask(size, 'GET', path)
    expect(status).toBe(200)
    const { pagination } = listAnswer.parse(JSON.parse(text))
    return { total: pagination.total_count, d1, statements, rowsRead }
  }

  describe.each(sizes)('in a clinic of %i person informations, a page', (size) => {
    it.each(RESOURCES)(
      'of $name reads page_size rows and few more, the first, a middle and the last',
      async ({ name }) => {
        const path = `/${name}`
        // Other tests add and delete some.
        const [total, deletions] = await Promise.all([
          countOf(`SELECT count(*) AS count FROM ${name} WHERE clinic_id = ?`, size),
          countOf(
            `SELECT count(*) AS count FROM deletions WHERE clinic_id = ? AND resource = '${name}'`,
            size,
          ),
        ])
        expect(total).toBeGreaterThan(size / 8)
        // A descent in the tree of deletions reads a node at each of its 24 steps, and twice the one of all.
        const beyond = deletions > 0 ? 60 : 4
        for (const pageSize of [1, 25, 100]) {
          const last = Math.ceil(total / pageSize)
          for (const page of [1, 2, Math.ceil(last / 2), last, last + 1]) {
            const { rowsRead, ...costs } = await cost(
              size,
              `${path}?page=${page}&page_size=${pageSize}`,
            )
            // The second statement asks for the clinic's state.
            expect(costs).toEqual({ total, d1: 1, statements: 2 })
            expect(rowsRead).toBeLessThanOrEqual(pageSize + beyond)
          }
        }
      },
    )

    it.each([
      '/person_informations?patient_id=',
      '/dependents?primary_holder_id=',
      '/coverages?patient_id=',
    ])('of %s… reads twice its matches and 3 rows at most', async (path) => {
      for (const id of [size / 8, size / 4, 987654321]) {
        const { rowsRead, total } = await cost(size, path + id)
        expect(total > 0).toBe(id <= size / 4)
        expect(rowsRead).toBeLessThanOrEqual(2 * total + 3)
      }
    })

    it("of /coverages?patient_id=…&active_on=… reads twice the patient's coverages and 4 rows at most", async () => {
      for (const id of [size / 8, size / 4, 987654321]) {
        const { total: all } = await cost(size, `/coverages?patient_id=${id}`)
        for (const day of ['2026-06-01', '1999-01-01']) {
          const { rowsRead, total } = await cost(
            size,
            `/coverages?patient_id=${id}&active_on=${day}`,
          )
          expect(total).toBeLessThanOrEqual(all)
          expect(rowsRead).toBeLessThanOrEqual(2 * all + 4)
        }
      }
    })

    it('of /coverages?plan_id=… reads twice its matches and 4 rows at most', async () => {
      for (const plan of [INSURED, 78, PLANS + 1]) {
        for (const page of [1, 3]) {
          const path = `/coverages?plan_id=${plan}&page=${page}&page_size=100`
          const { rowsRead, total } = await cost(size, path)
          expect(total > (plan === INSURED ? 200 : 0)).toBe(plan <= PLANS)
          expect(rowsRead).toBeLessThanOrEqual(2 * total + 4)
        }
      }
    })
  })

  /** A request, and the most rows that it may read and write, however large the clinic is. */
  type Budget = {
    method: string
    path: string
    body?: unknown
    status?: number
    read: number
    written: number
    trips?: number
  }

  describe.each(RESOURCES)(
    'of $name',
    ({ name, one, aRecord, textField, change, person, hasSsn }) => {
      // Every clinic has it, and in none it is deleted.
      const id = name === 'person_informations' ? 700 : 101
      const budget = person ? { last_name: 'Budget', date_of_birth: '1999-12-31' } : {}
      const record = (n: number) => aRecord(20, { ...budget, [textField]: `N${n}` })[one]
      const budgets: Record<string, Budget> = {
        'a creation': { ...send('POST', '', { [one]: record(1) }, 201), read: 50, written: 7 },
        'a creation that finds the record there': {
          ...send('POST', '?if_exists=return', { [one]: record(1) }),
          ...{ read: 60, written: 1 },
        },
        'a batch of ten': {
          ...send(
            'POST',
            '/batch',
            { [name]: Array.from({ length: 10 }, (_, n) => record(n + 2)) },
            201,
          ),
          ...{ read: 280, written: 61 },
        },
        // The record, and the clinic's state.
        'a read': { ...send('GET', `/${id}`), read: 2, written: 0 },
        'an amendment': { ...send('PATCH', `/${id}`, { [one]: change }), read: 50, written: 6 },
        'an amendment that changes nothing': {
          ...send('PATCH', `/${id}`, { [one]: change }),
          ...{ read: 40, written: 1 },
        },
        ...(hasSsn && {
          'an amendment with a new SSN': {
            ...send('PATCH', `/${id}`, { [one]: { ssn: '987-65-4321' } }),
            ...{ read: 51, written: 4, trips: 2 },
          },
        }),
        'a history': { ...send('GET', `/${id}/history`), read: 14, written: 0 },
        ...(person && {
          'a search': {
            ...send('POST', '/search', { search: { last_name: 'budget' } }),
            ...{ read: 2 * 11 + 4, written: 0 },
          },
          'a search by name and date of birth': {
            ...send('POST', '/search', { search: budget }),
            ...{ read: 2 * 11 + 4, written: 0 },
          },
          'a search by date of birth': {
            ...send('POST', '/search', { search: { date_of_birth: '1999-12-31' } }),
            // Who was born that day, the clinic's own among them.
            ...{ read: 2 * (11 + records / 30_000 + 1) + 4, written: 0 },
          },
        }),
        'a deletion': {
          ...send('DELETE', `/${dependentsUpTo(records)}`, undefined, 204),
          read: 60,
          written: 29,
        },
      }

      function send(method: string, path: string, body?: unknown, status = 200) {
        return { method, path: `/${name}${path}`, body, status }
      }

      it('every request costs the same in each clinic, and no more than its budget', async () => {
        const failures = []
        for (const [what, budget] of Object.entries(budgets)) {
          const costs: number[][] = []
          for (const size of sizes) {
            const path = budget.path.replace(
              String(dependentsUpTo(records)),
              String(dependentsUpTo(size)),
            )
            const answered = await ask(size, budget.method, path, budget.body)
            expect([what, answered.status, answered.text]).toEqual([
              what,
              budget.status,
              answered.text,
            ])
            costs.push([answered.d1, answered.rowsRead, answered.rowsWritten])
          }
          const most = [0, 1, 2].map((n) => Math.max(...costs.map((one) => one[n] ?? 0)))
          const [trips = 0, read = 0, written = 0] = most
          if (trips > (budget.trips ?? 1) || read > budget.read || written > budget.written) {
            failures.push(`${what}: ${trips} trips, ${read} read, ${written} written`)
          }
        }
        expect(failures).toEqual([])
      })
    },
  )

  it('a page of changes reads three rows a change', async () => {
    for (const size of sizes) {
      for (const after of [0, size / 2]) {
        const { d1, rowsRead } = await ask(size, 'GET', `/changes?after=${after}&limit=50`)
        expect(d1).toBe(1)
        expect(rowsRead).toBeLessThanOrEqual(2 * 50 + 3)
      }
    }
  })

  it('a read leaves one row in the trail', async () => {
    const { rowsWritten, d1 } = await ask(1000, 'GET', '/dependents/1', undefined, {
      'x-test-settled': 'yes',
    })
    // The counts are told before the answer goes out; the trail is written after.
    expect([d1, rowsWritten]).toEqual([1, 0])
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
        either('active', ['true', 'false']).flatMap((active) =>
          either('sort_by', ['plan_name', 'carrier&sort_dir=desc']).map(
            (sort) => planType + carrier + active + sort,
          ),
        ),
      ),
    )
    it.each(filters.filter((filter) => filter !== ''))(
      'of %s reads three rows a plan, or its chunks of ids and two rows a plan, the first and the last',
      async (filter) => {
        const first = await cost(records, `/plans?page_size=99${filter}`)
        const last = Math.max(1, Math.ceil(first.total / 100))
        const final = await cost(records, `/plans?page=${last}&page_size=100${filter}`)

        expect(final).toMatchObject({ total: first.total, d1: 1, statements: 1 })
        for (const { rowsRead, total } of [first, final]) {
          expect(rowsRead).toBeLessThanOrEqual(Math.min(3 * total, 200 + 2 * 100) + 6)
        }
      },
    )

    it('of ?search=carrier, which all of them match, is refused', async () => {
      const { status, text, rowsRead } = await ask(records, 'GET', '/plans?search=carrier')
      expect([status, JSON.parse(text)]).toEqual([
        ...[422, { errors: { search: ['too many matches; add more letters'] } }],
      ])
      expect(rowsRead).toBeLessThanOrEqual(10 * 5001)
    })

    it.each(['search=carrier+3+plan+777', 'search=9999', 'search=carrier+plan+19999'])(
      'of ?%s is found by its rarest word',
      async (query) => {
        const { rowsRead, d1 } = await cost(records, `/plans?${query}`)
        expect(d1).toBe(1)
        expect(rowsRead).toBeLessThanOrEqual(5 * 5001)
      },
    )
  })
}
