import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { faultOfJson } from '../src/http/json-text.ts'
import { aDependent, aPersonInformation } from './support/fixtures.ts'
import { useWorker, type Clinic } from './support/worker.ts'

const worker = useWorker()
let clinic: Clinic
beforeAll(async () => {
  clinic = await worker.clinic()
  await clinic.ownable('Patient', 1049)
})

const SEED = 20260730

describe('a body that two readers could understand in two ways', () => {
  it.each([
    ['repeats a key', '{"dependent": {}, "dependent": {}}', 'Request body repeats a key'],
    [
      'repeats an escaped key',
      '{"dependent": {"a": 1, "\\u0061": 2}}',
      'Request body repeats a key',
    ],
    ['is deep', `${'['.repeat(33)}${']'.repeat(33)}`, 'Request body is nested too deeply'],
    ['is very deep', '['.repeat(60_000), 'Request body is nested too deeply'],
    ['ends within a string', `{"${'\\\\"'.repeat(20_000)}`, 'Request body is not valid JSON'],
  ])('is refused when it %s', async (_, body, sentence) => {
    const response = await clinic.post('/dependents', body)

    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ errors: sentence })
  })

  it('is found in any JSON, and only there', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.string(), (json, key) => {
        expect(faultOfJson(json)).toBeUndefined()
        const name = JSON.stringify(key)
        expect(
          faultOfJson(`[{${name}: ${json}, "x${key.length}y": 1}, {${name}: 1}]`),
        ).toBeUndefined()
        expect(faultOfJson(`[{${name}: ${json}, ${name}: 1}]`)).toBe('repeatedKey')
      }),
      { seed: SEED },
    )
  })
})

describe("an object's prototype", () => {
  it('is not a field: __proto__ and constructor are keys like any other', async () => {
    const sent = JSON.stringify(aDependent(1049)).replace(
      '"first_name"',
      '"__proto__": {"ssn": "1"}, "constructor": {"prototype": {"ssn": "2"}}, "first_name"',
    )

    const created = await clinic.post('/dependents', sent)
    const rootless = await clinic.post('/dependents', '{"__proto__": {"dependent": {}}}')

    expect(created.status).toBe(201)
    expect(rootless.status).toBe(422)
    expect(await rootless.json()).toEqual({ errors: { dependent: ["can't be blank"] } })
  })

  it.each([
    '__proto__=1',
    '__proto__[page]=2',
    'constructor=1',
    'toString=1',
    'hasOwnProperty=1&hasOwnProperty=2',
  ])('is not a parameter: ?%s', async (query) => {
    const response = await clinic.get(`/dependents?${query}`)

    expect(response.status).toBe(200)
  })
})

/** Values that break things: wrong types, odd text, numbers at the edges, shapes within shapes. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\u0000', '\ud800', '\u202e', '😀', "'", '"', ';', '%', '-') }),
  fc.constantFrom(
    2 ** 53,
    -(2 ** 63),
    1e308,
    -0,
    1.5,
    '1e3',
    '0x10',
    "'; DROP TABLE plans; --",
    '\u0000',
  ),
  fc.string({ minLength: 250, maxLength: 300 }),
)

/** A request with the answers that it may have: never a 5xx, and always our shape. */
async function expectShape(response: Awaited<ReturnType<Clinic['get']>>, allowed: number[]) {
  const body = await response.text()
  expect(allowed, body).toContain(response.status)
  if (response.status < 400) return body
  const { errors, ...others } = JSON.parse(body)
  expect(others).toEqual({})
  if (typeof errors === 'string') expect(errors.length).toBeGreaterThan(0)
  else {
    for (const messages of Object.values(errors)) {
      expect(messages).toEqual(expect.arrayContaining([expect.any(String)]))
    }
  }
  return body
}

describe('fuzzing', { timeout: 240_000 }, () => {
  it.each([
    ['person_informations', 'person_information', aPersonInformation(1049).person_information],
    ['dependents', 'dependent', aDependent(1049).dependent],
  ])('every field of POST /%s', async (path, root, good) => {
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(Object.keys(good), { minLength: 1, maxLength: 3 }),
        fc.array(anything, { minLength: 3, maxLength: 3 }),
        async (fields, values) => {
          const changes = Object.fromEntries(fields.map((field, n) => [field, values[n]]))
          const response = await clinic.post(`/${path}`, { [root]: { ...good, ...changes } })
          await expectShape(response, [201, 422])
        },
      ),
      { numRuns: 700, seed: SEED },
    )
  })

  it.each(['person_informations', 'dependents'])('every body of POST /%s', async (path) => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((json) => json.slice(1)),
        ),
        async (body) => {
          const response = await clinic.post(`/${path}`, body, {
            'Content-Type': 'application/json',
          })
          await expectShape(response, [400, 422])
        },
      ),
      { numRuns: 300, seed: SEED },
    )
  })

  it.each([
    ['person_informations', 'patient_id'],
    ['dependents', 'primary_holder_id'],
  ])('every parameter of GET /%s, none of which may widen the list', async (path, filter) => {
    await clinic.post('/person_informations', aPersonInformation(1049))
    await clinic.post('/dependents', aDependent(1049))
    const wide = JSON.parse(await (await clinic.get(`/${path}`)).text()).pagination.total_count
    expect(wide).toBeGreaterThan(0)

    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(filter, 'page', 'page_size'),
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.double().map(String),
          fc.integer().map(String),
          fc.string(),
        ),
        async (parameter, value) => {
          const query = `${parameter}=${encodeURIComponent(value.toWellFormed())}`
          const body = await expectShape(await clinic.get(`/${path}?${query}`), [200, 422])
          const isNumber = /^\d+$/.test(value) && Number(value) > 0
          if (!isNumber) expect(body).toContain('"errors"')
          if (parameter === filter && isNumber && Number(value) !== 1049) {
            expect(JSON.parse(body).pagination?.total_count ?? 0).toBe(0)
          }
        },
      ),
      { numRuns: 500, seed: SEED },
    )
  })

  it('every parameter of GET /plans', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('plan_type', 'carrier', 'active', 'page', 'page_size'),
        fc.string({ unit: 'binary' }),
        async (parameter, value) => {
          const query = `${parameter}=${encodeURIComponent(value.toWellFormed())}`
          const body = await expectShape(await clinic.get(`/plans?${query}`), [200, 422])
          if (parameter === 'active' && !/^(true|false|1|0)$/i.test(value)) {
            expect(body).toContain('"errors"')
          }
        },
      ),
      { numRuns: 500, seed: SEED },
    )
  })

  it('every path and raw query below the API', async () => {
    const odd = fc.string({ unit: fc.constantFrom(...'abc019/%?&=.;[]{}\\\'"<> +é'.split('')) })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
        fc.constantFrom('/person_informations', '/dependents', '/plans', '/ownables/Patient', ''),
        odd,
        async (method, path, rest) => {
          const response = await worker.call(method, `${path}/${rest}`, {
            token: clinic.token,
            ...(method === 'POST' && { body: '{}' }),
          })
          await expectShape(response, [200, 204, 404, 405, 422])
        },
      ),
      { numRuns: 500, seed: SEED },
    )
  })

  it('every header that the API reads', async () => {
    const value = fc.string({
      unit: fc.constantFrom(...' !"#$%&\'()*+,-./09:;<=>?@AZ[]^_`az{|}~'.split('')),
      maxLength: 300,
    })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(
          'X-User-Token',
          'Idempotency-Key',
          'x-d1-bookmark',
          'If-None-Match',
          'Origin',
          'Content-Type',
        ),
        value,
        fc.constantFrom('/plans', '/dependents'),
        async (name, text, path) => {
          const response = await clinic.get(path, { [name]: text })
          await expectShape(response, [200, 304, 401, 422])
        },
      ),
      { numRuns: 500, seed: SEED },
    )
  })
})
