import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { databaseOf } from '../src/storage/session.ts'
import { repairer } from '../src/operator/records/repair.ts'
import { expectRefusal } from './support/expect.ts'
import { RESOURCES } from './support/resources.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker({ instrumented: true })

/** In bytes, what the route takes at most. */
const LIMIT = 1024 * 1024

describe.each(RESOURCES)('a batch of $name', (resource) => {
  const { name, one, owner, textField, aRecord, change, longest, mistake, complaint } = resource
  type Fields = Record<string, unknown>

  const path = `/${name}/batch`
  const records = (ownerId: number, count: number, fields: (n: number) => Fields = () => ({})) =>
    Array.from({ length: count }, (_, n) => aRecord(ownerId, fields(n))[one])
  const batchOf = (...args: Parameters<typeof records>) => ({ [name]: records(...args) })
  const made = z.object({
    [name]: z.array(z.looseObject({ id: z.number(), [textField]: z.string() })),
  })

  it('creates all in their order, in one round trip, and answers them as a read does', async () => {
    const clinic = await worker.clinic()
    const ownerId = await clinic.ownable()

    const answer = await clinic.post(
      path,
      batchOf(ownerId, 100, (n) => ({ [textField]: `Nº ${n}` })),
    )

    expect(answer.status).toBe(201)
    expect(answer.headers.get('x-test-d1')).toBe('1')
    const { [name]: created = [] } = made.parse(await answer.json())
    expect(created.map(({ id }) => id)).toEqual(created.map((_, n) => n + 1))
    expect(created.map((record) => record[textField])).toEqual(created.map((_, n) => `Nº ${n}`))
    expect(await (await clinic.get(`/${name}/100`)).json()).toEqual(created[99])
    expect(await clinic.total(name)).toBe(100)
    expect(await worker.eventOf(answer)).toMatchObject({ action: 'create', ids: '1-100' })
  })

  it('and a creation that looks for the same record cost no more in a clinic with many records', async () => {
    const clinic = await worker.clinic()
    const ownerId = await clinic.ownable()
    const post = async (n: number) => {
      const answer = await clinic.post(
        path,
        batchOf(ownerId, 100, (place) => ({ [textField]: `Nº ${100 * n + place}` })),
      )
      return Number(answer.headers.get('x-test-rowsread'))
    }
    const rowsRead = [await post(0), await post(1), await post(2), await post(3)]

    const single = await clinic.post(
      `/${name}?if_exists=return`,
      aRecord(await clinic.ownable(), change),
    )

    expect(single.status).toBe(201)
    expect(Number(single.headers.get('x-test-rowsread'))).toBeLessThanOrEqual(60)
    expect(rowsRead.filter((rows) => !(rows > 0 && rows <= 2100))).toEqual([])
  })

  it('with wrong records changes nothing, and names every fault by its place', async () => {
    const clinic = await worker.clinic()
    const ownerId = await clinic.ownable()
    const batch = records(ownerId, 5)
    const capitals = textField.toUpperCase()
    batch[1] = aRecord(ownerId, { ...mistake, middle_name: 'Rose', [capitals]: 'Ana' })[one]
    batch[3] = aRecord(987_654, mistake)[one]
    batch[4] = aRecord(987_655)[one]
    const placed = (place: number) =>
      Object.fromEntries(
        Object.entries(complaint).map(([field, said]) => [`${name}[${place}].${field}`, said]),
      )

    const answer = await clinic.post(path, { [name]: batch })

    expect(answer.headers.get('x-test-d1')).toBe('1')
    await expectRefusal(answer, 422, {
      ...placed(1),
      [`${name}[1].middle_name`]: ['is not a known field'],
      [`${name}[1].${capitals}`]: [`is not a known field; did you mean ${textField}?`],
      ...placed(3),
      [`${name}[3].${owner.id}`]: ['must exist'],
      [`${name}[4].${owner.id}`]: ['must exist'],
    })
    expect(await clinic.total(name)).toBe(0)
  })

  it('whose owners alone are unknown changes nothing, in two round trips', async () => {
    const clinic = await worker.clinic()
    const stranger = await (await worker.clinic()).ownable()
    const batch = records(await clinic.ownable('Patient', 5000), 3)
    batch[1] = aRecord(stranger)[one]

    const answer = await clinic.post(path, { [name]: batch })

    expect(answer.headers.get('x-test-d1')).toBe('2')
    await expectRefusal(answer, 422, { [`${name}[1].${owner.id}`]: ['must exist'] })
    expect(await clinic.total(name)).toBe(0)
  })

  it('sent again under its key is not made twice, and another under that key is refused', async () => {
    const clinic = await worker.clinic()
    const ownerId = await clinic.ownable()
    const key = { 'Idempotency-Key': 'the first of May' }

    const first = await clinic.post(path, batchOf(ownerId, 3), key)
    // The second version of each resource's first record also says what the first one was.
    for (const other of RESOURCES) {
      await clinic.post(`/${other.name}`, other.aRecord(ownerId))
      const body = { [other.one]: other.change }
      await worker.call('PATCH', `/${other.name}/1`, { token: clinic.token, body })
    }
    const again = await clinic.post(path, batchOf(ownerId, 3), key)
    const other = await clinic.post(path, batchOf(ownerId, 2), key)

    expect(again.status).toBe(201)
    expect(again.headers.get('Idempotent-Replayed')).toBe('true')
    expect(await again.json()).toEqual(await first.json())
    await expectRefusal(other, 422, {
      'Idempotency-Key': ['has already been used for another request'],
    })
    expect(await clinic.total(name)).toBe(3 + 1)
  })

  it('sent again after one of its records was erased is refused, and not answered in part', async () => {
    const clinic = await worker.clinic()
    const ownerId = await clinic.ownable()
    const key = { 'Idempotency-Key': 'one is gone' }
    await clinic.post(path, batchOf(ownerId, 3), key)
    await worker.call('DELETE', `/${name}/2`, { token: clinic.token })
    const run = { tokenId: 'operator', requestId: 'erase', now: new Date().toISOString() }
    const deed = { clinicId: clinic.clinicId, id: 2, ...run }
    await repairer(resource).erase(databaseOf(worker.env, 'first-primary'), deed)

    await expectRefusal(await clinic.post(path, batchOf(ownerId, 3), key), 404, resource.notFound)
  })

  it.each([
    ['nothing', [], "can't be blank"],
    ['no list', 'Ana', "can't be blank"],
    ['101 records', undefined, 'is too long (maximum is 100 records)'],
  ])('of %s is refused', async (_, sent, message) => {
    const clinic = await worker.clinic()
    const ownerId = await clinic.ownable()

    const answer = await clinic.post(path, { [name]: sent ?? records(ownerId, 101) })

    await expectRefusal(answer, 422, { [name]: [message] })
    expect(await clinic.total(name)).toBe(0)
  })

  it.each([
    // JSON may write each of them in twelve bytes, and any other letter in six.
    ['of astral letters', '\u{1D400}'],
    // Folded for search, one of them becomes eighteen.
    ['of letters that fold into many', '\uFDFA'],
  ])('takes a hundred of the largest records, with names %s', async (_, letter) => {
    const clinic = await worker.clinic()
    const ownerId = await clinic.ownable('Patient', Number.MAX_SAFE_INTEGER)
    const escaped = (text: string) =>
      text.replace(
        /[^ -~]|[ab(]/g,
        (unit) => String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
    const batch = batchOf(ownerId, 100, () => longest((times) => letter.repeat(times)))

    // Of the largest coverages a hundred fit only as they are.
    const text = JSON.stringify(batch)
    const answer = await clinic.post(path, name === 'coverages' ? text : escaped(text))

    expect(answer.status).toBe(201)
    expect(await clinic.total(name)).toBe(100)
  })

  it('is refused past the limit of its body, which the other routes do not have', async () => {
    const clinic = await worker.clinic()
    const ownerId = await clinic.ownable()
    const text = JSON.stringify(batchOf(ownerId, 1))

    const atLimit = await clinic.post(path, text.padEnd(LIMIT))
    const over = await clinic.post(path, text.padEnd(LIMIT + 1))

    expect(atLimit.status).toBe(201)
    expect(over.status).toBe(413)
    expect((await clinic.post(`/${name}`, text.padEnd(LIMIT))).status).toBe(413)
    expect(await clinic.total(name)).toBe(1)
  })
})
