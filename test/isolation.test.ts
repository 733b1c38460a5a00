import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { aDependent, aPersonInformation } from './support/fixtures.ts'
import { useWorker, type Clinic } from './support/worker.ts'

const worker = useWorker()
let ours: Clinic
let theirs: Clinic
const NEVER = 987654321
const THEIR_PATIENT = 4711
let theirRecord: number
beforeAll(async () => {
  ours = await worker.clinic()
  theirs = await worker.clinic()
  await theirs.ownable('Patient', THEIR_PATIENT)
  const created = await theirs.post('/person_informations', aPersonInformation(THEIR_PATIENT))
  theirRecord = JSON.parse(await created.text()).id
  await theirs.post('/dependents', aDependent(THEIR_PATIENT))
})

/** Status, headers and body, less what differs from request to request: its id, and where D1 stands. */
async function seen(response: Awaited<ReturnType<Clinic['get']>>) {
  const {
    'x-request-id': _,
    'x-d1-bookmark': __,
    ...headers
  } = Object.fromEntries(response.headers)
  return { status: response.status, headers, body: await response.text() }
}

describe("another clinic's id answers as one that never was", () => {
  it('at GET /person_informations/{id}', async () => {
    const foreign = await seen(await ours.get(`/person_informations/${theirRecord}`))

    expect(foreign).toEqual(await seen(await ours.get(`/person_informations/${NEVER}`)))
    expect(foreign.status).toBe(404)
  })

  it.each(['/person_informations?patient_id=', '/dependents?primary_holder_id='])(
    'at GET %s',
    async (path) => {
      const foreign = await seen(await ours.get(path + THEIR_PATIENT))
      const never = await seen(await ours.get(path + NEVER))

      expect(foreign.body).toBe(never.body)
      expect(foreign.status).toBe(200)
      expect(JSON.parse(foreign.body).pagination.total_count).toBe(0)
    },
  )

  it.each([
    ['/person_informations', aPersonInformation],
    ['/dependents', aDependent],
  ])('at POST %s', async (path, aRecord) => {
    const foreign = await seen(await ours.post(path, aRecord(THEIR_PATIENT)))

    expect(foreign).toEqual(await seen(await ours.post(path, aRecord(NEVER))))
    expect(foreign.status).toBe(422)
    expect(foreign.body).toContain('must exist')
  })

  it.each([
    ['/person_informations', aPersonInformation],
    ['/dependents', aDependent],
  ])('at POST %s when another field is wrong too', async (path, aRecord) => {
    const wrong = { first_name: '' }

    const foreign = await seen(await ours.post(path, aRecord(THEIR_PATIENT, wrong)))

    expect(foreign).toEqual(await seen(await ours.post(path, aRecord(NEVER, wrong))))
    expect(foreign.body).toContain('must exist')
  })
})

describe('the lists of a clinic', () => {
  it.each(['/person_informations', '/dependents'])(
    'hold nothing of another clinic: %s',
    async (path) => {
      const response = await ours.get(path)

      expect(await response.json()).toMatchObject({ pagination: { total_count: 0 } })
    },
  )

  it('number the records of each clinic by themselves', async () => {
    const [one, two] = [await worker.clinic(), await worker.clinic()]
    for (const clinic of [one, two, one, two, two]) {
      const response = await clinic.post('/dependents', aDependent(await clinic.ownable()))
      expect(response.status).toBe(201)
    }

    const positions = await worker.env.DB.prepare(
      'SELECT clinic_id, group_concat(position) AS positions FROM dependents WHERE clinic_id IN (?, ?) GROUP BY 1',
    )
      .bind(one.clinicId, two.clinicId)
      .all()

    expect(positions.results).toEqual([
      { clinic_id: one.clinicId, positions: '1,2' },
      { clinic_id: two.clinicId, positions: '1,2,3' },
    ])
  })

  it('keep the same ownable of two clinics apart', async () => {
    const [one, two] = [await worker.clinic(), await worker.clinic()]
    await one.ownable('Patient', 1)
    await two.ownable('Patient', 1)
    await one.post('/dependents', aDependent(1, { first_name: 'Of one' }))
    await two.post('/dependents', aDependent(1, { first_name: 'Of two' }))

    const response = await two.get('/dependents?primary_holder_id=1')

    const { dependents } = JSON.parse(await response.text())
    expect(dependents).toMatchObject([{ first_name: 'Of two' }])
  })
})

describe("every id of another clinic's, at every route and parameter", () => {
  it('answers as one that never was, byte for byte', { timeout: 120_000 }, async () => {
    const foreignIds: number[] = []
    for (let n = 1; n <= 20; n++) {
      await theirs.ownable('Patient', n)
      const created = await theirs.post('/person_informations', aPersonInformation(n))
      await theirs.post('/dependents', aDependent(n))
      foreignIds.push(n, JSON.parse(await created.text()).id)
    }
    /** What is seen, less the client's own id where a link repeats it, and the length that goes with it. */
    const seenOf = async (response: Promise<Awaited<ReturnType<Clinic['get']>>>) => {
      const { headers, ...rest } = await seen(await response)
      const { 'content-length': _, link = '', ...others } = headers
      return { ...rest, headers: others, link: link.replace(/_id=\d+/g, '_id=…') }
    }

    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...foreignIds),
        fc.integer({ min: 900_000_000, max: 999_999_999 }),
        fc.constantFrom(
          (id: number) => ours.get(`/person_informations/${id}`),
          (id: number) => ours.get(`/person_informations?patient_id=${id}&page_size=1`),
          (id: number) => ours.get(`/dependents?primary_holder_id=${id}&page_size=1`),
          (id: number) => ours.post('/person_informations', aPersonInformation(id)),
          (id: number) => ours.post('/person_informations', aPersonInformation(id, { email: 'x' })),
          (id: number) => ours.post('/dependents', aDependent(id)),
          (id: number) => ours.post('/dependents', aDependent(id, { ssn: 'x' })),
        ),
        async (foreign, never, send) => {
          expect(await seenOf(send(foreign))).toEqual(await seenOf(send(never)))
        },
      ),
      { numRuns: 300, seed: 20260730 },
    )
  })
})
