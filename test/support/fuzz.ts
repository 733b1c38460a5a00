import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RESOURCES } from './resources.ts'
import type { Answer, Clinic, TestWorker } from './worker.ts'

const SEED = 20260730
const OWNER = 1049

/** Values that break things: wrong types, odd text, numbers at the edges, shapes within shapes. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\u0000', '\ud800', '\u202e', '😀', "'", '"', ';', '%', '-') }),
  fc.constantFrom(
    ...[2 ** 53, -(2 ** 63), 1e308, -0, 1.5, '1e3', '0x10', "'; DROP TABLE plans; --", '\u0000'],
  ),
  fc.string({ minLength: 250, maxLength: 300 }),
)

/** Checks that the answer is one of those allowed, never a 5xx, and a refusal in our shape; gives its body. */
async function expectShape(response: Answer, allowed: number[]) {
  const body = await response.text()
  expect(allowed, body).toContain(response.status)
  if (response.status < 400) return body
  const { errors, ...others } = JSON.parse(body)
  expect(others).toEqual({})
  if (typeof errors === 'string') expect(errors).not.toBe('')
  else {
    for (const messages of Object.values(errors)) {
      expect(messages).toEqual(expect.arrayContaining([expect.any(String)]))
    }
  }
  return body
}

/** Sends so many requests of each sort that are wrong in ways that nobody thought of. */
export function noInputBreaksIt(worker: TestWorker, numRuns: number) {
  const parameters = { numRuns, seed: SEED }

  async function aClinic() {
    const clinic = await worker.clinic()
    await clinic.ownable('Patient', OWNER)
    return clinic
  }

  /** Asks with a query of one parameter, and gives the body. */
  const ask = async (clinic: Clinic, path: string, parameter: string, value: string) =>
    expectShape(
      await clinic.get(`${path}?${parameter}=${encodeURIComponent(value.toWellFormed())}`),
      [200, 422],
    )

  describe.each(RESOURCES)('fuzzing $name', ({ name, one, filters, aRecord }) => {
    const good = aRecord(OWNER)[one] ?? {}

    it('in every field', async () => {
      const clinic = await aClinic()
      await fc.assert(
        fc.asyncProperty(
          fc.subarray(Object.keys(good), { minLength: 1, maxLength: 3 }),
          fc.array(anything, { minLength: 3, maxLength: 3 }),
          async (fields, values) => {
            const changes = Object.fromEntries(fields.map((field, n) => [field, values[n]]))
            const response = await clinic.post(`/${name}`, { [one]: { ...good, ...changes } })
            await expectShape(response, [201, 422])
          },
        ),
        parameters,
      )
    })

    it('in the whole body', async () => {
      const clinic = await aClinic()
      const half = fc.json().map((json) => json.slice(1))
      await fc.assert(
        fc.asyncProperty(fc.oneof(fc.json(), fc.string(), half), async (body) => {
          await expectShape(await clinic.post(`/${name}`, body), [400, 422])
        }),
        parameters,
      )
    })

    it('in every parameter of the list, none of which may widen it', async () => {
      const clinic = await aClinic()
      await clinic.post(`/${name}`, aRecord(OWNER))
      expect(await clinic.total(name)).toBe(1)

      const values = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.double().map(String),
        fc.integer().map(String),
        fc.string(),
      )
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...Object.keys(filters), 'page', 'page_size'),
          values,
          async (parameter, value) => {
            const body = await ask(clinic, `/${name}`, parameter, value)
            const isNumber = /^\d+$/.test(value) && Number(value) > 0
            if (!isNumber) expect(body).toContain('"errors"')
            if (parameter in filters && isNumber && Number(value) !== OWNER) {
              expect(JSON.parse(body).pagination?.total_count ?? 0).toBe(0)
            }
          },
        ),
        parameters,
      )
    })
  })

  describe('fuzzing', () => {
    it('every parameter of GET /plans', async () => {
      const clinic = await aClinic()
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(
            'plan_type',
            'carrier',
            'active',
            'page',
            'page_size',
            'search',
            'sort_by',
            'sort_dir',
          ),
          fc.string({ unit: 'binary' }),
          async (parameter, value) => {
            const body = await ask(clinic, '/plans', parameter, value)
            if (parameter === 'active' && !/^(true|false|1|0)$/i.test(value)) {
              expect(body).toContain('"errors"')
            }
          },
        ),
        parameters,
      )
    })

    it('every path and raw query below the API', async () => {
      const { token } = await aClinic()
      const odd = fc.string({ unit: fc.constantFrom(...'abc019/%?&=.;[]{}\\\'"<> +é'.split('')) })
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
          fc.constantFrom(...RESOURCES.map(({ name }) => name), 'plans', 'ownables/Patient', ''),
          odd,
          async (method, path, rest) => {
            const body = method === 'POST' ? { body: '{}' } : {}
            const response = await worker.call(method, `/${path}/${rest}`, { token, ...body })
            await expectShape(response, [200, 204, 404, 405, 415, 422])
          },
        ),
        parameters,
      )
    })

    it('every header that the API reads', async () => {
      const clinic = await aClinic()
      const value = fc.string({
        unit: fc.constantFrom(...' !"#$%&\'()*+,-./09:;<=>?@AZ[]^_`az{|}~'.split('')),
        maxLength: 300,
      })
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(
            ...['X-User-Token', 'Idempotency-Key', 'x-d1-bookmark', 'If-None-Match', 'Origin'],
            'Content-Type',
          ),
          value,
          fc.constantFrom('/plans', '/dependents'),
          async (name, text, path) => {
            await expectShape(await clinic.get(path, { [name]: text }), [200, 304, 401, 422])
          },
        ),
        parameters,
      )
    })
  })
}
