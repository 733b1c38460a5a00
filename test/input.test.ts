import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultOfJson } from '../src/http/json-text.ts'
import { expectRefusal } from './support/expect.ts'
import { aDependent } from './support/fixtures.ts'
import { noInputBreaksIt } from './support/fuzz.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()

describe('a body that two readers could understand in two ways', () => {
  it.each([
    ['repeats a key', '{"dependent": {}, "dependent": {}}', 'Request body repeats a key'],
    [
      'repeats an escaped key',
      '{"dependent": {"a": 1, "\\u0061": 2}}',
      'Request body repeats a key',
    ],
    [
      'has a number of 18 digits',
      '{"dependent": {"primary_holder_id": 1.00000000000000001}}',
      'Request body has a number of more than 17 digits',
    ],
    ['is deep', `${'['.repeat(33)}${']'.repeat(33)}`, 'Request body is nested too deeply'],
    ['is very deep', '['.repeat(60_000), 'Request body is nested too deeply'],
    [
      'ends within a string',
      `{"${'\\\\"'.repeat(20_000)}`,
      'Request body is not valid JSON: line 1, column 6',
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

noInputBreaksIt(worker, 50)
