import { describe, expect, it } from 'vitest'
import { expectRefusal } from './support/expect.ts'
import { aDependent } from './support/fixtures.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()

describe('PUT /ownables/{type}/{id}', () => {
  it('registers an ownable, as often as it is said', async () => {
    const clinic = await worker.clinic()

    const first = await clinic.put('/ownables/Patient/77')
    const again = await clinic.put('/ownables/Patient/77')

    expect([first.status, again.status]).toEqual([204, 204])
    expect(await first.text()).toBe('')
    const dependent = await clinic.post('/dependents', aDependent(77))
    expect(dependent.status).toBe(201)
  })

  it('takes the largest id that a number holds exactly', async () => {
    const clinic = await worker.clinic()
    const largest = Number.MAX_SAFE_INTEGER

    await clinic.put(`/ownables/Patient/${largest}`)
    const created = await clinic.post('/dependents', aDependent(largest))
    const listed = await clinic.get(`/dependents?primary_holder_id=${largest}`)

    expect(await created.json()).toMatchObject({ primary_holder_id: largest })
    expect(await listed.json()).toMatchObject({ pagination: { total_count: 1 } })
  })

  it('registers it for the caller alone', async () => {
    const [ours, theirs] = [await worker.clinic(), await worker.clinic()]

    await ours.put('/ownables/Patient/78')

    const refused = await theirs.post('/dependents', aDependent(78))
    expect(refused.status).toBe(422)
  })

  const largest = 'must be less than or equal to 9007199254740991'
  it.each([
    ['id is a word', 'Patient/abc', { ownable_id: ['is not a number'] }],
    ['id is nought', 'Patient/0', { ownable_id: ['must be greater than 0'] }],
    ['id is a fraction', 'Patient/1.5', { ownable_id: ['must be an integer'] }],
    ['id is hexadecimal', 'Patient/0x10', { ownable_id: ['is not a number'] }],
    ['id is too large', 'Patient/9007199254740993', { ownable_id: [largest] }],
    ['type is no name', 'not%20a%20name/1', { ownable_type: ['is invalid'] }],
    [
      'type is too long, and whose id is a word',
      `${'A'.repeat(65)}/x`,
      {
        ownable_type: ['is too long (maximum is 64 characters)'],
        ownable_id: ['is not a number'],
      },
    ],
  ])('refuses one whose %s', async (_, path, errors) => {
    const clinic = await worker.clinic()

    const response = await clinic.put(`/ownables/${path}`)

    await expectRefusal(response, 422, errors)
  })
})

describe('PUT /ownables/{type}', () => {
  const ids = (count: number, first = 500) => Array.from({ length: count }, (_, n) => first + n)

  it('registers a thousand at once, again and again, in one event of the trail', async () => {
    const clinic = await worker.clinic()
    const body = { ownable_ids: [...ids(998), 9000, 7, 9000] }

    const first = await clinic.put('/ownables/Patient', { ownable_ids: body.ownable_ids.slice(1) })
    const again = await clinic.put('/ownables/Patient', { ownable_ids: [7, ...ids(2)] })

    expect([first.status, again.status]).toEqual([204, 204])
    expect(await first.text()).toBe('')
    for (const id of [7, 501, 1497, 9000]) {
      expect((await clinic.post('/dependents', aDependent(id))).status).toBe(201)
    }
    expect((await clinic.post('/dependents', aDependent(1498))).status).toBe(422)
    expect(await worker.eventOf(first)).toMatchObject({
      action: 'register',
      resource: 'ownables',
      ids: '7,501-1497,9000',
      status: 204,
    })
  })

  it('writes nothing while the clinic is frozen', async () => {
    const clinic = await worker.clinic()
    await worker.env.DB.prepare("UPDATE clinics SET state = 'frozen' WHERE id = ?")
      .bind(clinic.clinicId)
      .run()

    const refused = [
      await clinic.put('/ownables/Patient', { ownable_ids: [7] }),
      await clinic.put('/ownables/Patient/7'),
    ]
    const { count } =
      (await worker.env.DB.prepare('SELECT count(*) AS count FROM ownables WHERE clinic_id = ?')
        .bind(clinic.clinicId)
        .first<{ count: number }>()) ?? {}

    for (const answer of refused) {
      expect(answer.status).toBe(503)
      expect(await worker.eventOf(answer)).toBeNull()
    }
    expect(count).toBe(0)
  })

  it.each([
    ['no list', {}, { ownable_ids: ["can't be blank"] }],
    ['an empty one', { ownable_ids: [] }, { ownable_ids: ["can't be blank"] }],
    [
      'too many',
      { ownable_ids: ids(1001) },
      { ownable_ids: ['is too long (maximum is 1000 ids)'] },
    ],
    [
      'some that are no ids',
      { ownable_ids: [1, 'x', 0] },
      {
        'ownable_ids[1]': ['is not a number'],
        'ownable_ids[2]': ['must be greater than 0'],
      },
    ],
    [
      'another field',
      { ownable_ids: [1], ownable_id: 1 },
      { ownable_id: ['is not a known field; did you mean ownable_ids?'] },
    ],
  ])('refuses %s', async (_, body, errors) => {
    const clinic = await worker.clinic()

    await expectRefusal(await clinic.put('/ownables/Patient', body), 422, errors)
  })
})
