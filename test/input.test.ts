import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wantedTags } from '../src/http/etag.ts'
import { faultOfJson } from '../src/http/json-text.ts'
import { expectRefusal } from './support/expect.ts'
import { aDependent } from './support/fixtures.ts'
import { noInputBreaksIt } from './support/fuzz.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()

describe('a body that two readers could understand in two ways', () => {
  it.each([
    [
      'repeats a key',
      '{"dependent": {}, "dependent": {}}',
      'Request body repeats a key: line 1, column 19',
    ],
    [
      'repeats an escaped key',
      '{"dependent": {"a": 1,\n "\\u0061": 2}}',
      'Request body repeats a key: line 2, column 2',
    ],
    [
      'has a number of 18 digits',
      '{"dependent": {"primary_holder_id": 1.00000000000000001}}',
      'Request body has a number of more than 17 digits: line 1, column 37',
    ],
    [
      'is deep',
      `${'['.repeat(33)}${']'.repeat(33)}`,
      'Request body is nested too deeply: line 1, column 33',
    ],
    [
      'is very deep',
      `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
      'Request body is nested too deeply: line 1, column 33',
    ],
    [
      'ends within a string',
      `{"${'\\\\"'.repeat(20_000)}`,
      'Request body is not valid JSON: line 1, column 6',
    ],
    [
      'is in single quotes, and so has no keys that it could repeat',
      "{'dependent': {'a': 1, 'a': 2}}",
      'Request body is not valid JSON: line 1, column 2',
    ],
  ])('is refused when it %s', async (_, body, sentence) => {
    const clinic = await worker.clinic()

    const response = await clinic.post('/dependents', body)

    await expectRefusal(response, 400, sentence)
  })

  it('is found in any JSON, and only there', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.string(), (json, key) => {
        expect(faultOfJson(json)).toBeUndefined()
        const name = JSON.stringify(key)
        expect(
          faultOfJson(`[{${name}: ${json}, "x${key.length}y": 1}, {${name}: 1}]`),
        ).toBeUndefined()
        expect(faultOfJson(`[{${name}: ${json}, ${name}: 1}]`)).toMatchObject({
          name: 'repeatedKey',
        })
      }),
      { seed: 20260730 },
    )
  })
})

describe("an object's prototype", () => {
  it('is not a field: __proto__ and constructor are keys like any other, and not known', async () => {
    const clinic = await worker.clinic()
    const sent = JSON.stringify(aDependent(await clinic.ownable())).replace(
      '"first_name"',
      '"__proto__": {"ssn": "1"}, "constructor": {"prototype": {"ssn": "2"}}, "first_name"',
    )

    const odd = await clinic.post('/dependents', sent)
    const rootless = await clinic.post('/dependents', '{"__proto__": {"dependent": {}}}')

    const unknown = ['is not a known field']
    // As an own key, which a literal would not make.
    const both = Object.fromEntries(['__proto__', 'constructor'].map((key) => [key, unknown]))
    await expectRefusal(odd, 422, both)
    await expectRefusal(rootless, 422, {
      ...{ dependent: ["can't be blank"] },
      ...Object.fromEntries([['__proto__', unknown]]),
    })
  })

  it.each([
    '__proto__=1',
    '__proto__[page]=2',
    'constructor=1',
    'toString=1',
    'hasOwnProperty=1&hasOwnProperty=2',
  ])('is not a parameter: ?%s', async (query) => {
    const clinic = await worker.clinic()

    const response = await clinic.get(`/dependents?${query}`)

    const [name = ''] = query.split('=')
    const expected = Object.fromEntries([[name, ['is not a known parameter']]])
    await expectRefusal(response, 422, expected)
  })
})

describe('a flood of errors', () => {
  const unknownKeys = (length: number) => {
    const keys = Array.from({ length }, (_, n) => `"k${n}":0`)
    return keys.join()
  }
  const more = 'has more errors than these 100: correct them and send it again'

  it('of a megabyte of unknown keys is answered by a hundred, and that there are more', async () => {
    const clinic = await worker.clinic()

    const answer = await clinic.post('/dependents/batch', `{${unknownKeys(80_000)}}`)
    const text = await answer.text()

    const { errors }: { errors: Record<string, string[]> } = JSON.parse(text)
    expect(answer.status).toBe(422)
    expect(Object.values(errors).flat()).toHaveLength(101)
    expect(errors.dependents?.at(-1)).toBe(more)
    expect(text.length).toBeLessThan(10_000)
  })

  it('in a query ends in the same way', async () => {
    const clinic = await worker.clinic()

    const answer = await clinic.get(
      `/dependents?${Array.from({ length: 150 }, (_, n) => `q${n}=1`).join('&')}`,
    )

    const { errors }: { errors: Record<string, string[]> } = JSON.parse(await answer.text())
    expect(errors['']?.at(-1)).toBe(more)
  })
})

describe('a parameter', () => {
  it.each([
    ['?=1040', { '': ['has no name'] }],
    ['?page=1&=', { '': ['has no name'] }],
    ['?page=1&page=2', { page: ['is repeated; send it once'] }],
    ['?page=1&page=1', { page: ['is repeated; send it once'] }],
    [
      '?page=1&page=x&nothing=1&=1',
      {
        page: ['is repeated; send it once'],
        nothing: ['is not a known parameter'],
        '': ['has no name'],
      },
    ],
  ])('that is spelled %s is refused', async (query, errors) => {
    const clinic = await worker.clinic()

    await expectRefusal(await clinic.get(`/dependents${query}`), 422, errors)
    await expectRefusal(await clinic.get(`/dependents${query}`), 422, errors)
  })
})

describe('a header', () => {
  it('Idempotency-Key that comes twice says so', async () => {
    const clinic = await worker.clinic()
    const body = aDependent(await clinic.ownable())

    const answer = await clinic.post('/dependents', body, { 'Idempotency-Key': 'one, two' })

    await expectRefusal(answer, 422, { 'Idempotency-Key': ['is repeated; send it once'] })
  })

  it('Idempotency-Key that is malformed is refused of a DELETE, too', async () => {
    const clinic = await worker.clinic()
    await clinic.post('/dependents', aDependent(await clinic.ownable()))
    for (const key of ['x'.repeat(256), 'one, two']) {
      const headers = { 'Idempotency-Key': key }
      const answer = await worker.call('DELETE', '/dependents/1', { token: clinic.token, headers })

      expect(Object.keys(JSON.parse(await answer.text()).errors)).toEqual(['Idempotency-Key'])
      expect(answer.status).toBe(422)
    }
  })

  it.each(['identity', ' Identity '])('Content-Encoding: %s is none', async (coding) => {
    const clinic = await worker.clinic()

    const body = aDependent(await clinic.ownable())
    const answer = await clinic.post('/dependents', body, { 'Content-Encoding': coding })

    expect(answer.status).toBe(201)
  })

  it('If-Match that is empty is refused where the runtime shows it, as it protects nothing', () => {
    expect(() => wantedTags(' ')).toThrow('refused with 422')
    expect(wantedTags(undefined)).toBeUndefined()
  })
})

noInputBreaksIt(worker, 50)
