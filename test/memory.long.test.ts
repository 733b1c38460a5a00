import { afterAll, beforeAll, expect, it } from 'vitest'
import { clinicOf } from './bench/fill.ts'
import { measureMemory } from './bench/memory.ts'
import { openSite, type Site } from './bench/site.ts'
import { thorough } from './support/thorough.ts'

const REQUESTS = thorough(100_000, 12_000)
/** All that an isolate remembers is bounded by its number of entries; so many requests fill every memory. */
const ENOUGH_TO_FILL = 12_000
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
  const { after } = await measureMemory(site, 'service', clinicId, REQUESTS)

  // What waits to be collected comes and goes by some megabytes.
  expect(after).toBeLessThan(filled.after + 16 * MEGABYTE)
  // Half of what an isolate has for all that it does.
  expect(after).toBeLessThan(64 * MEGABYTE)
}, 1_200_000)
