import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { SingleBar } from 'cli-progress'
import { Command } from 'commander'
import * as z from 'zod'
import { PROJECT } from '../support/project.ts'
import { CREATES, pagesOf, readsOf, type Endpoint } from './endpoints.ts'
import { CLINICS, clinicOf, ladder, PLANS } from './fill.ts'
import { ask, compare, count, countTwin, expectSameAnswers, latencies, rounded } from './measure.ts'
import { publish } from './publish.ts'
import { measureBundle } from './size.ts'
import { D1_DELAY, KV_DELAY, openSite } from './site.ts'

const { records } = z
  .object({ records: z.number().int().min(1000) })
  .parse(
    new Command('bench')
      .description('Measures what a request costs, and how the cost grows.')
      .option('--records <number>', 'person informations of the largest clinic', Number, 100_000)
      .parse()
      .opts(),
  )

/** The references are compared where the twin still answers in milliseconds. */
const BESIDE_REFERENCES = Math.min(records, 100_000)

const startedAt = performance.now()
const bar = new SingleBar({
  format: '{bar} {percentage}% {stage}',
  hideCursor: true,
  noTTYOutput: true,
  notTTYSchedule: 10_000,
})
bar.start(100, 0, { stage: 'filling the databases' })
/** Where each stage begins and ends on the bar, by the share of the time that it takes. */
const stage = (name: string, from: number, to: number) => (share: number) =>
  bar.update(Math.round(from + share * (to - from)), { stage: name })

const site = await openSite(records, stage('filling the databases', 0, 15))
try {
  // Before anything is created, which the twin would not have.
  for (const endpoint of await endpointsOf(BESIDE_REFERENCES)) {
    await expectSameAnswers(site, BESIDE_REFERENCES, endpoint)
  }
  const results = {
    machine: {
      cores: cpus().length,
      node: process.versions.node,
      workerd: await versionOf('workerd'),
    },
    data: { records, clinics: CLINICS, plans: PLANS },
    bundle: await measureBundle(),
    costs: await countCosts(stage('counting', 15, 20)),
    twin_rows_read: await countTwinRows(),
    beside_references: await compareAll(stage('beside the references', 20, 80)),
    at_a_distance: await measureDistance(stage('at a distance', 80, 90)),
    by_page: await measurePages(stage('page after page', 90, 100)),
  }
  bar.stop()
  await publish(results)
  console.log(`\nTook ${Math.round((performance.now() - startedAt) / 1000)} s.`)
} finally {
  bar.stop()
  await site.close()
}

/** Reads and creates of the clinic of that size. */
async function endpointsOf(size: number): Promise<Endpoint[]> {
  const listed = await ask(site, 'service', size, {
    name: 'any',
    path: `/person_informations?page=${Math.ceil(pagesOf(size) / 2)}`,
  })
  const { person_informations } = z
    .object({ person_informations: z.array(z.object({ id: z.number() })) })
    .parse(JSON.parse(listed.body))
  return [...readsOf(size, person_informations[0]?.id ?? 0), ...CREATES]
}

async function countCosts(progress: (share: number) => void) {
  const counted = []
  for (const [n, size] of ladder(records).entries()) {
    for (const endpoint of await endpointsOf(size)) {
      const cold = await count(site, size, endpoint)
      // The catalogue is one for all clinics.
      if (cold.cache === 'MEMORY') continue
      counted.push({ records: size, endpoint: endpoint.name, ...cold })
      if (cold.cache === null) continue
      const warm = await count(site, size, endpoint)
      counted.push({ records: size, endpoint: `${endpoint.name}, warm`, ...warm })
    }
    progress((n + 1) / ladder(records).length)
  }
  return counted
}

async function countTwinRows() {
  const rows = []
  for (const size of ladder(records)) {
    rows.push({ records: size, ...(await countTwin(site.twin, clinicOf(size), pagesOf(size))) })
  }
  return rows
}

/** Measures each endpoint, one after another, at the size that the references can bear. */
async function measureEach<Measured>(
  progress: (share: number) => void,
  measure: (endpoint: Endpoint) => Promise<Measured>,
): Promise<Measured[]> {
  const endpoints = await endpointsOf(BESIDE_REFERENCES)
  const measured = []
  for (const [n, endpoint] of endpoints.entries()) {
    progress(n / endpoints.length)
    measured.push(await measure(endpoint))
  }
  return measured
}

function compareAll(progress: (share: number) => void) {
  return measureEach(progress, async (endpoint) => ({
    endpoint: endpoint.name,
    records: BESIDE_REFERENCES,
    ...(await compare(site, BESIDE_REFERENCES, endpoint)),
  }))
}

async function measureDistance(progress: (share: number) => void) {
  const measured = await measureEach(progress, async (endpoint) => {
    await ask(site, 'distant', BESIDE_REFERENCES, endpoint)
    const [milliseconds] = await latencies(site, 'distant', BESIDE_REFERENCES, [endpoint], 1, 12)
    return { endpoint: endpoint.name, median_milliseconds: milliseconds }
  })
  return { d1_delay: D1_DELAY, kv_delay: KV_DELAY, measured }
}

async function measurePages(progress: (share: number) => void) {
  const pagesAt = (size: number) => {
    const last = pagesOf(size)
    return [...[1, 10, 100, 1000, 10_000].filter((page) => page < last), last]
  }
  const over = (pages: number[]) =>
    pages.map((page) => ({ name: String(page), path: `/person_informations?page=${page}` }))

  const pages = pagesAt(records)
  const service = await latencies(site, 'service', records, over(pages), 25, 20)
  progress(0.8)
  const twinPages = pagesAt(BESIDE_REFERENCES)
  const twin = await latencies(site, 'twin', BESIDE_REFERENCES, over(twinPages), 3, 5)
  return {
    service: { records, pages, median_milliseconds: service },
    twin: { records: BESIDE_REFERENCES, pages: twinPages, median_milliseconds: twin },
    last_to_first: rounded((service.at(-1) ?? NaN) / (service[0] ?? NaN)),
  }
}

async function versionOf(dependency: string): Promise<string> {
  const manifest = await readFile(join(PROJECT, 'node_modules', dependency, 'package.json'), 'utf8')
  return z.object({ version: z.string() }).parse(JSON.parse(manifest)).version
}

/** What a run found; publish.ts writes and prints it. */
export type Results = {
  data: { records: number }
  costs: Awaited<ReturnType<typeof countCosts>>
  twin_rows_read: Awaited<ReturnType<typeof countTwinRows>>
  beside_references: Awaited<ReturnType<typeof compareAll>>
  at_a_distance: Awaited<ReturnType<typeof measureDistance>>
  by_page: Awaited<ReturnType<typeof measurePages>>
  bundle: Awaited<ReturnType<typeof measureBundle>>
}
