import { describe, expect, it } from 'vitest'
import { setRecordLimit } from '../src/clinics/queries.ts'
import { databaseOf } from '../src/storage/session.ts'
import { expectRefusal } from './support/expect.ts'
import { aDependent, CANARY } from './support/fixtures.ts'
import { RESOURCES } from './support/resources.ts'
import { useWorker } from './support/worker.ts'

// What costs more counts more against the rate of a token.

const worker = useWorker({ instrumented: true })

/** A header that leaves the token so many counts. */
const counts = (left: number) => ({ 'x-test-limit': String(left) })

describe.each(RESOURCES)('a batch of $name', ({ name, one, aRecord }) => {
  const aBatch = (patient: number, records: number) => ({
    [name]: Array.from({ length: records }, () => aRecord(patient)[one]),
  })

  it.each([
    [10, 1],
    [11, 2],
    [100, 10],
  ])('of %i records counts as %i requests', async (records, requests) => {
    const clinic = await worker.clinic()
    const batch = aBatch(await clinic.ownable(), records)

    const refused = await clinic.post(`/${name}/batch`, batch, counts(requests - 1))
    expect(refused.status).toBe(429)
    expect(await clinic.total(name)).toBe(0)
    const created = await clinic.post(`/${name}/batch`, batch, counts(requests))
    expect(created.status).toBe(201)
  })

  it('of 1 MiB of empty records is refused for its length alone', async () => {
    const clinic = await worker.clinic()
    const body = `{"${name}":[${Array(340_000).fill('{}').join()}]}`

    const refused = await clinic.post(`/${name}/batch`, body, counts(10))

    expect(refused.status).toBe(422)
    expect(await refused.json()).toEqual({
      errors: { [name]: ['is too long (maximum is 100 records)'] },
    })
    expect(refused.headers.get('x-test-d1')).toBe('0')
  })
})

describe('a list', () => {
  it('counts once more for each thousand records that a filter passes over, ten times at most', async () => {
    const clinic = await worker.clinic()
    const patient = await clinic.ownable()
    const page = (page: number) =>
      `/dependents?primary_holder_id=${patient}&page_size=100&page=${page}`

    for (const [at, requests] of [
      [10, 1],
      [11, 2],
      [1000, 11],
    ] as const) {
      expect((await clinic.get(page(at), counts(requests - 1))).status).toBe(429)
      expect((await clinic.get(page(at), counts(requests))).status).toBe(200)
    }
  })

  it('counts once where no filter is set, as every page costs the same', async () => {
    const clinic = await worker.clinic()

    expect((await clinic.get('/dependents?page=1000', counts(1))).status).toBe(200)
  })
})

describe('a search', () => {
  it('of too many matches counts as eleven', async () => {
    const clinic = await worker.clinic()
    await clinic.post('/dependents', aDependent(await clinic.ownable()))
    await worker.env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
       INSERT INTO dependents (clinic_id, id, uid, version, primary_holder_id, first_name, last_name, date_of_birth,
         relationship, last_name_folded, first_name_folded, last_name_identity, first_name_identity, created_at, updated_at)
       SELECT clinic_id, i, uid, version, primary_holder_id, first_name, last_name, date_of_birth,
         relationship, last_name_folded, first_name_folded, last_name_identity, first_name_identity, created_at, updated_at
       FROM n JOIN dependents ON clinic_id = ? AND id = 1`,
    )
      .bind(clinic.clinicId)
      .run()
    const search = { search: { last_name: CANARY.name } }

    expect((await clinic.post('/dependents/search', search, counts(10))).status).toBe(429)
    expect((await clinic.post('/dependents/search', search, counts(11))).status).toBe(422)
  })
})

describe("a limit of a clinic's records", () => {
  const [first, second] = RESOURCES
  const LIMITED =
    'Your clinic has as many records as it may have; delete some, or ask the operator for more'

  it('counts all of them, and refuses what would exceed it, until one is deleted or it is lifted', async () => {
    if (!first || !second) throw new Error('there are two resources at least')
    const clinic = await worker.clinic()
    const patient = await clinic.ownable()
    const limitTo = (limit: number | null) =>
      setRecordLimit(databaseOf(worker.env, 'first-primary'), clinic.clinicId, limit)
    const create = ({ name, aRecord }: typeof first, fields = {}, query = '') =>
      clinic.post(`/${name}${query}`, aRecord(patient, fields))
    await limitTo(2)

    expect((await create(first)).status).toBe(201)
    const two = [first.aRecord(patient), first.aRecord(patient)].map((body) => body[first.one])
    const batch = await clinic.post(`/${first.name}/batch`, { [first.name]: two })
    await expectRefusal(batch, 403, LIMITED)
    expect((await create(second)).status).toBe(201)
    await expectRefusal(await create(second, second.change), 403, LIMITED)
    expect((await create(first, {}, '?if_exists=return')).status).toBe(200)
    await expectRefusal(await create(first, first.change, '?if_exists=return'), 403, LIMITED)
    expect([await clinic.total(first.name), await clinic.total(second.name)]).toEqual([1, 1])

    await worker.call('DELETE', `/${first.name}/1`, { token: clinic.token })
    expect((await create(second, second.change)).status).toBe(201)
    await expectRefusal(await create(second), 403, LIMITED)
    await limitTo(null)
    expect((await create(second)).status).toBe(201)
    await worker.call('DELETE', `/${second.name}/2`, { token: clinic.token })
    await limitTo(3)
    expect((await create(second)).status).toBe(201)
  })
})
