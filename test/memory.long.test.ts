import { afterAll, beforeAll, expect, it } from 'vitest'
import { clinicOf } from './bench/fill.ts'
import { measureMemory } from './bench/memory.ts'
import { openSite, type Site } from './bench/site.ts'
import { thorough } from './support/thorough.ts'

const REQUESTS = thorough(100_000, 3_000)
/** All that an isolate remembers is bounded by its number of entries; these fill the largest, of 1,000 of a kind. */
const ENOUGH_TO_FILL = 7_000
const MEGABYTE = 1e6
const RECORDS = 1000

let site: Site
beforeAll(async () => {
  site = await openSite(RECORDS, () => {}, ['service'])
})
afterAll(() => site.close())

it(`holds no more after ${REQUESTS} different requests than when its memories were full`, async () => {
  const clinicId = clinicOf(RECORDS)
  const filled = await measureMemory(site, 'service', clinicId, ENOUGH_TO_FILL)
  const { after } = await measureMemory(site, 'service', clinicId, REQUESTS, ENOUGH_TO_FILL)

  expect(after).toBeLessThan(filled.after + MEGABYTE / 2)
  // An eighth of what an isolate has for all that it does.
  expect(after).toBeLessThan(16 * MEGABYTE)
}, 1_200_000)
