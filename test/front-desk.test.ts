import { beforeAll, expect, it } from 'vitest'
import { somePlans } from './support/fixtures.ts'
import { useWorker } from './support/worker.ts'

// A day at the front desk, as the clinic's system sends it.

const worker = useWorker()
beforeAll(() => worker.publish(somePlans(2)))

const TODAY = '2026-11-29'

it('a front desk keeps what its patients are insured with, in one call for each question', async () => {
  const clinic = await worker.clinic()
  const [jane, tim, joan] = [1049, 1050, 1051]
  for (const patient of [jane, tim, joan]) await clinic.ownable('Patient', patient)

  async function call(method: string, path: string, body?: object, headers = {}) {
    const answer = await worker.call(method, path, {
      ...{ token: clinic.token, headers },
      ...(body && { body }),
    })
    const text = await answer.text()
    return {
      status: answer.status,
      etag: answer.headers.get('ETag') ?? '',
      body: text === '' ? null : JSON.parse(text),
    }
  }
  /** What the patient is insured with on a day, the one that pays first at the front. */
  async function insuredOn(patient: number, day: string): Promise<string[]> {
    const { body } = await call('GET', `/coverages?patient_id=${patient}&active_on=${day}`)
    return body.coverages.map(({ member_id }: { member_id: string }) => member_id)
  }

  // A new patient shows her card. Its plan is found by the id that the clinic's files have.
  const { body: found } = await call('GET', '/plans?external_id=A2')
  const [plan] = found.plans
  const card = {
    ...{ patient_id: jane, plan_id: plan.id, member_id: 'XYZ 0012345', group_number: '0042' },
    ...{ relationship: 'self', starts_on: '2026-01-01' },
  }
  const primary = await call('POST', '/coverages?if_exists=return', { coverage: card })
  expect(primary).toMatchObject({ status: 201, body: { ...card, priority: 1 } })

  // The second clerk scans the same card, and makes no second coverage.
  const scanned = { ...card, member_id: 'xyz-001-2345' }
  const again = await call('POST', '/coverages?if_exists=return', { coverage: scanned })
  expect([again.status, again.body]).toEqual([200, primary.body])

  // A child is insured through a father who is no patient here.
  const child = {
    ...{ patient_id: tim, carrier: 'Alpine Kasse', member_id: '0007', relationship: 'child' },
    ...{ subscriber_first_name: 'John', subscriber_last_name: 'Doe' },
    subscriber_date_of_birth: '1985-05-15',
  }
  expect((await call('POST', '/coverages', { coverage: child })).status).toBe(201)
  expect(await insuredOn(tim, TODAY)).toEqual(['0007'])

  // Jane has a second insurance through Joan, who is a patient. It pays second.
  const secondary = await call('POST', '/coverages', {
    coverage: {
      ...{ patient_id: jane, carrier: 'Harbor Mutual', member_id: 'HM 9', priority: 2 },
      ...{ relationship: 'spouse', subscriber_id: joan },
    },
  })
  expect(await insuredOn(jane, TODAY)).toEqual(['XYZ 0012345', 'HM 9'])

  // On 1 January the first one is renewed: the old one ends the day before.
  const ended = await call(
    'PATCH',
    `/coverages/${primary.body.id}`,
    { coverage: { ends_on: '2026-12-31' } },
    { 'If-Match': primary.etag },
  )
  const renewed = await call('POST', '/coverages?if_exists=return', {
    coverage: { ...card, member_id: 'XYZ 0099', starts_on: '2027-01-01' },
  })
  expect([ended.status, renewed.status]).toEqual([200, 201])
  expect(await insuredOn(jane, '2026-12-31')).toEqual(['XYZ 0012345', 'HM 9'])
  expect(await insuredOn(jane, '2027-01-01')).toEqual(['XYZ 0099', 'HM 9'])

  // The two swap: ties are allowed between the two calls.
  for (const [id, priority] of [
    [secondary.body.id, 1],
    [renewed.body.id, 2],
  ]) {
    const swapped = await call('PATCH', `/coverages/${id}`, { coverage: { priority } })
    expect(swapped.status).toBe(200)
  }
  expect(await insuredOn(jane, '2027-01-01')).toEqual(['HM 9', 'XYZ 0099'])

  // A card went into the wrong chart. The patient can't be changed, so it is created there and deleted here.
  const { body: wrong } = await call('POST', '/coverages', {
    coverage: { ...card, patient_id: tim, member_id: 'JOAN 1' },
  })
  const moved = await call('PATCH', `/coverages/${wrong.id}`, { coverage: { patient_id: joan } })
  expect(moved).toMatchObject({
    ...{ status: 422, body: { errors: { patient_id: ["can't be changed"] } } },
  })
  const { id: _, created_at: __, updated_at: ___, ...said } = wrong
  const right = await call('POST', '/coverages', { coverage: { ...said, patient_id: joan } })
  const deleted = await call('DELETE', `/coverages/${wrong.id}`)
  expect([right.status, deleted.status]).toEqual([201, 204])
  expect([await insuredOn(tim, TODAY), await insuredOn(joan, TODAY)]).toEqual([
    ...[['0007'], ['JOAN 1']],
  ])

  // Who asks later sees when it was ended, and by whom.
  const { body: history } = await call('GET', `/coverages/${primary.body.id}/history`)
  expect(history.versions).toMatchObject([
    { version: 2, action: 'amend', changed: ['ends_on'], coverage: { ends_on: '2026-12-31' } },
    { version: 1, action: 'create', coverage: { ends_on: null } },
  ])

  // The billing system asks who has the plan, and follows what has changed.
  const { body: having } = await call('GET', `/coverages?plan_id=${plan.id}`)
  const members = having.coverages.map(({ member_id }: { member_id: string }) => member_id)
  expect(members).toEqual(['XYZ 0012345', 'XYZ 0099', 'JOAN 1'])
  const { body: followed } = await call('GET', '/changes?after=0')
  expect(followed.changes).toHaveLength(10)
})
