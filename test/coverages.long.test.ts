import { beforeAll, describe, expect, it } from 'vitest'
import { publishPlans } from '../src/operator/publish-plans.ts'
import { coverages } from '../src/resources/coverage.ts'
import { databaseOf } from '../src/storage/session.ts'
import { aCoverage, somePlans } from './support/fixtures.ts'
import { listsEqualModel } from './support/insured.ts'
import { thorough } from './support/thorough.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()
beforeAll(() => worker.publish(somePlans(3)))

describe('the list of coverages', () => listsEqualModel(worker, thorough(2000, 30), 900_000))

const [PATIENT, OTHER] = [1049, 1050]
const ROUNDS = thorough(200, 20)

const byName = { subscriber_id: null, subscriber_first_name: 'Ana', subscriber_last_name: 'Doe' }
const nameless = { subscriber_first_name: null, subscriber_last_name: null }

/** What is stored, and two amendments that are each right, of which the second to come is wrong. */
const RACES: [what: string, stored: object, one: object, other: object][] = [
  ['both ends', { starts_on: null }, { starts_on: '2026-06-01' }, { ends_on: '2026-03-01' }],
  ['the insurer', { plan_id: 1 }, { plan_id: null, carrier: 'Acme' }, { plan_id: 2 }],
  ['the subscriber', nameless, { ...byName }, { relationship: 'self', subscriber_id: null }],
  ['the names', byName, { subscriber_first_name: 'Bea' }, { ...nameless, subscriber_id: OTHER }],
]

describe.each(RACES)('two amendments at once of %s', (_, stored, one, other) => {
  it(`leave a right row ${ROUNDS} times, while plans become inactive`, async () => {
    const clinic = await worker.clinic()
    for (const id of [PATIENT, OTHER]) await clinic.ownable('Patient', id)
    const insurer = 'plan_id' in stored ? { carrier: null } : {}
    const subscriber = 'subscriber_first_name' in stored ? {} : { ...nameless }
    const isByName = JSON.stringify(stored) === JSON.stringify(byName)
    const record = {
      ...{ ...insurer, ...subscriber, ...stored },
      subscriber_id: isByName ? null : OTHER,
    }
    const call = (method: string, path: string, coverage: object) =>
      worker.call(method, path, { token: clinic.token, body: { coverage } })
    const db = databaseOf(worker.env, 'first-primary')
    const broken = Object.entries(coverages.rules).map(([, { check }]) => `NOT (${check})`)

    const seen = new Set<string>()
    for (let round = 1; round <= ROUNDS; round++) {
      const path = `/coverages/${round}`
      const { coverage } = aCoverage(PATIENT, record)
      expect((await call('POST', '/coverages', coverage)).status).toBe(201)
      const inactive = somePlans(3, (n) => ({ active: (n + round) % 2 === 0 }))

      const isPublishing = round % 20 === 0 && publishPlans(db, worker.env.TOKENS, inactive)
      const [first, second] = round % 2 ? [one, other] : [other, one]
      const answers = await Promise.all([call('PATCH', path, first), call('PATCH', path, second)])
      await isPublishing

      const statuses = answers.map(({ status }) => status).sort((a, b) => a - b)
      seen.add(statuses.join())
    }

    const { results } = await worker.env.DB.prepare(
      `SELECT count(*) AS records, sum(${broken.join(' OR ')}) AS broken FROM coverages WHERE clinic_id = ?`,
    )
      .bind(clinic.clinicId)
      .all()
    expect(results).toEqual([{ records: ROUNDS, broken: 0 }])
    for (const statuses of seen) expect(['200,422', '200,200']).toContain(statuses)
    expect(seen).toContain('200,422')
  })
})
