import fc from 'fast-check'
import { expect, it } from 'vitest'
import { aCoverage } from './fixtures.ts'
import type { TestWorker } from './worker.ts'

type Day = string | null
type Insured = {
  plan: number | null
  member: number
  priority: number
  starts: Day
  ends: Day
}

const aDay = fc.constantFrom(
  ...['1900-01-01', '2025-12-31', '2026-01-01', '2026-01-02', '2026-01-03', '9999-12-31'],
)
const anInsured: fc.Arbitrary<Insured> = fc
  .record({
    plan: fc.option(fc.constantFrom(1, 2, 3)),
    member: fc.nat(99),
    priority: fc.integer({ min: 1, max: 9 }),
    starts: fc.option(aDay),
    ends: fc.option(aDay),
  })
  .map(({ starts, ends, ...others }) =>
    starts !== null && ends !== null && ends < starts
      ? { ...others, starts: ends, ends: starts }
      : { ...others, starts, ends },
  )
const aSet = fc.record({
  coverages: fc.array(fc.record({ insured: anInsured, isOther: fc.boolean() }), {
    minLength: 1,
    maxLength: 8,
  }),
  day: aDay,
  plan: fc.constantFrom(1, 2, 3, 4),
  size: fc.integer({ min: 1, max: 5 }),
  turn: fc.nat(1000),
})

/** How many sets share a clinic: enough for lists of a plan to be long. */
const SETS_OF_A_CLINIC = 25

/** Of a catalogue of three plans: lists what patients are insured with, over so many random sets, and compares it with a model in memory. */
export function listsEqualModel(worker: TestWorker, sets: number, timeout = 180_000) {
  it(
    `equals a model over ${sets} random sets of dates, priorities and nulls`,
    async () => {
      let made: ((Insured & { id: number; patient: number }) | undefined)[] = []
      let clinic = await worker.clinic()
      for (const [n, set] of fc.sample(aSet, { numRuns: sets, seed: 20261129 }).entries()) {
        if (n % SETS_OF_A_CLINIC === 0) [clinic, made] = [await worker.clinic(), []]
        const [patient, other] = [await clinic.ownable(), await clinic.ownable()]
        const records = set.coverages.map(({ insured, isOther }) => ({
          ...{ ...insured, patient: isOther ? other : patient },
        }))
        const body = records.map(
          ({ patient: of, plan, member, priority, starts, ends }) =>
            aCoverage(of, {
              ...(plan && { plan_id: plan, carrier: null }),
              ...{ member_id: `M${member}`, starts_on: starts, ends_on: ends },
              ...(priority > 1 && { priority }),
            }).coverage,
        )
        const answer = await clinic.post('/coverages/batch', { coverages: body })
        expect(answer.status).toBe(201)
        made.push(...records.map((one, place) => ({ ...one, id: made.length + place + 1 })))

        const all = made.flatMap((one) => one ?? [])
        const ofPatient = all
          .filter((one) => one.patient === patient)
          .sort((a, b) => a.priority - b.priority || a.id - b.id)
        const isActive = ({ starts, ends }: Insured) =>
          (starts === null || starts <= set.day) && (ends === null || set.day <= ends)
        const hasPlan = ({ plan }: Insured) => plan === set.plan
        for (const [query, expected] of [
          [`patient_id=${patient}`, ofPatient],
          [`patient_id=${patient}&active_on=${set.day}`, ofPatient.filter(isActive)],
          [`patient_id=${patient}&plan_id=${set.plan}`, ofPatient.filter(hasPlan)],
          [
            `patient_id=${patient}&plan_id=${set.plan}&active_on=${set.day}`,
            ofPatient.filter(isActive).filter(hasPlan),
          ],
          [`plan_id=${set.plan}`, all.filter(hasPlan)],
        ] as const) {
          const pages = Math.max(1, Math.ceil(expected.length / set.size))
          const page = 1 + (set.turn % (pages + 1))
          const path = `/coverages?${query}&page=${page}&page_size=${set.size}`
          const { coverages, pagination } = JSON.parse(await (await clinic.get(path)).text())
          expect(coverages.map(({ id }: { id: number }) => id)).toEqual(
            expected.slice((page - 1) * set.size, page * set.size).map(({ id }) => id),
          )
          expect(pagination.total_count).toBe(expected.length)
        }
      }
    },
    timeout,
  )
}
