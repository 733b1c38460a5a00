import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import * as z from 'zod'
import { PROJECT } from '../support/project.ts'
import { measureBeside } from './beside.ts'
import { billOf, billOfMonth, PRICES } from './bill.ts'
import { measurePublishing } from './catalogue.ts'
import { endpointsOf, NOTHING, pagesOf } from './endpoints.ts'
import { CLINICS, clinicOf, ladder, deleteEvenly, PLANS } from './fill.ts'
import { keptAfter, measureMemory } from './memory.ts'
import {
  callOf,
  callsOf,
  compare,
  count,
  countAgain,
  expectSameAnswers,
  having,
  latencies,
  medianOf,
  ratioOf,
  rounded,
  TWIN_ROUNDS,
  type Ran,
} from './measure.ts'
import { publish } from './publish.ts'
import { measureBundle } from './size.ts'
import { openSite, primaryOf } from './site.ts'
import { measureStorage } from './storage.ts'

const whole = z.number().int().positive()
const { records, rounds, requests, beside, only } = z
  .object({
    records: whole.min(1000),
    rounds: whole,
    requests: whole,
    beside: z.string().optional(),
    only: z.string(),
  })
  .parse(
    new Command('bench')
      .description('Measures what a request costs, and how the cost grows.')
      .option('--records <number>', 'person informations of the largest clinic', Number, 100_000)
      .option('--rounds <number>', 'rounds of each comparison; few tell little', Number, 29)
      .option(
        '--requests <number>',
        'different requests that memory is measured over',
        Number,
        12_000,
      )
      .option('--beside <commit>', "compares this bundle with that commit's, or `bare`")
      .option('--only <pattern>', 'with --beside: the endpoints whose names match', '')
      .parse()
      .opts(),
  )

if (beside) {
  await measureBeside(beside, records, rounds, only)
  process.exit()
}

/** The references are compared where the twin still answers in milliseconds. */
const COMPARED = Math.min(records, 100_000)
const ENDPOINTS = endpointsOf(COMPARED)
/** Records that were deleted where pages are timed. */
const DELETED = Math.min(records / 10, 1000)
/** How far away D1 is, in milliseconds a call; and KV, where D1 is not here. */
const D1_DELAYS = [0, 20, 80]
const KV_DELAY = 5
/** Different calls of each endpoint that its memory is measured over. */
const DIFFERENT = Math.ceil(requests / 40)

const startedAt = performance.now()
/** Says how far a stage has come, in a line for each tenth of it. */
function stage(name: string) {
  let told = -1
  return (share: number) => {
    const tenths = Math.floor(share * 10)
    if (tenths > told) console.error(`${name}: ${10 * tenths} %`)
    told = Math.max(told, tenths)
  }
}

const site = await openSite(records, stage('filling the databases'))
try {
  // Before anything is written, which the twin would not have.
  for (const endpoint of ENDPOINTS) await expectSameAnswers(site, COMPARED, endpoint)
  const counted = await countAll(stage('counting'))
  const compared = await compareAll(stage('beside the references'))
  const storage = await measureStorage(site.folder)
  const endpoints = compared.map((figures, n) => ({
    ...figures,
    ...billed(counted[n], figures, n, storage),
  }))
  const results = {
    machine: {
      cores: cpus().length,
      node: process.versions.node,
      workerd: await versionOf('workerd'),
    },
    data: { records, compared: COMPARED, clinics: CLINICS, plans: PLANS, rounds },
    prices: PRICES,
    bundle: await measureBundle(),
    endpoints,
    month: billOfMonth(
      new Map(endpoints.map(({ endpoint, bill }) => [endpoint, bill.warm ?? bill.service])),
      storage.bytes_a_row,
    ),
    by_records: counted.map(({ endpoint, at }) => ({ endpoint, at })),
    storage,
    publishing: await measurePublishing(primaryOf(site.empty.DB), site.empty.TOKENS, PLANS),
    memory: await measureAllMemory(stage('memory')),
    at_a_distance: await measureDistance(stage('at a distance')),
    by_page: await measurePages(stage('page after page')),
  }
  await publish(results)
  console.log(`\nTook ${Math.round((performance.now() - startedAt) / 1000)} s.`)
} finally {
  await site.close()
}

/** What each endpoint asks of storage: of each Worker, and of the service in clinics of every size. */
async function countAll(progress: (share: number) => void) {
  const sizes = ladder(records)
  const all = []
  for (const [n, endpoint] of ENDPOINTS.entries()) {
    progress(n / ENDPOINTS.length)
    const service = await count(site, 'service', COMPARED, endpoint)
    const again = endpoint.isCached ? await countAgain(site, 'service', COMPARED, endpoint) : null
    const bare = await count(site, 'bare', COMPARED, endpoint)
    const twin = endpoint.inTwin ? await count(site, 'twin', COMPARED, endpoint) : null
    const at = []
    // The catalogue is one for all clinics.
    for (const size of endpoint.isCached || endpoint.clinicId ? [] : sizes) {
      const inClinic = endpointsOf(size)[n] ?? endpoint
      const { rows_read, rows_written } = await count(site, 'service', size, inClinic)
      const read = endpoint.inTwin ? await count(site, 'twin', size, inClinic) : null
      at.push({ records: size, rows_read, rows_written, twin_rows_read: read?.rows_read ?? null })
    }
    all.push({ endpoint: endpoint.name, counts: { service, again, bare, twin }, at })
  }
  return all
}

/** Each endpoint beside the references: its speed, and what different calls leave in memory. */
async function compareAll(progress: (share: number) => void) {
  const all = []
  for (const [n, endpoint] of ENDPOINTS.entries()) {
    progress(n / ENDPOINTS.length)
    const { clinicId = clinicOf(COMPARED), isOnce = false } = endpoint
    const [bare = [], service = [], twin = []] = await compare(
      having(endpoint).map((name) => ({
        url: site.url(name),
        next: callsOf(site, COMPARED, endpoint),
        rounds: name === 'twin' ? TWIN_ROUNDS : rounds,
      })),
      rounds,
    )
    const each = (figure: keyof Ran) => ({
      service: medianOf(figure, service),
      bare: medianOf(figure, bare),
      twin: twin.length > 0 ? medianOf(figure, twin) : null,
    })
    const figures = {
      requests_per_second: each('throughput'),
      processor_milliseconds: each('processor'),
      of_bare: ratioOf('throughput', service, bare),
      of_bare_by_processor: ratioOf('processor', bare, service),
    }
    const send = isOnce ? () => endpoint.send(site.next(endpoint.name)) : endpoint.send
    const kept = async (worker: 'service' | 'bare') =>
      rounded((await keptAfter(site, worker, clinicId, send, DIFFERENT)) / 1000)
    const memory = {
      different_calls: DIFFERENT,
      service_kb: await kept('service'),
      bare_kb: await kept('bare'),
    }
    all.push({ endpoint: endpoint.name, ...figures, memory })
  }
  return all
}

/** The counts of an endpoint, and what they and its processor time cost. */
function billed(
  counted: Counted | undefined,
  { processor_milliseconds: processor }: Compared,
  n: number,
  { trail }: Storage,
) {
  const { counts } = counted ?? {}
  const { leaves } = ENDPOINTS[n] ?? {}
  if (!counts || !leaves) throw new Error('an endpoint was not counted')
  const { service, bare, twin, again } = counts
  return {
    counts,
    bill: {
      service: billOf(service, processor.service, leaves, trail),
      bare: billOf(bare, processor.bare, leaves, trail),
      // It leaves no trail.
      twin: twin && billOf(twin, processor.twin ?? 0, NOTHING, trail),
      warm: again && billOf(again, processor.service, leaves, trail),
    },
  }
}

async function measureAllMemory(progress: (share: number) => void) {
  const service = await measureMemory(site, 'service', clinicOf(COMPARED), requests)
  progress(0.5)
  return { service, bare: await measureMemory(site, 'bare', clinicOf(COMPARED), requests) }
}

/** Median milliseconds where D1 is far away, and no token is remembered. */
async function measureDistance(progress: (share: number) => void) {
  const measured = []
  for (const [n, endpoint] of ENDPOINTS.entries()) {
    progress(n / ENDPOINTS.length)
    const next = callsOf(site, COMPARED, endpoint)
    const from = async (worker: string, d1: number) => {
      const delays = JSON.stringify({ d1, kv: d1 > 0 ? KV_DELAY : 0 })
      const distant = () => {
        const call = next()
        const headers = { 'x-bench-worker': worker, 'x-bench-delays': delays }
        return { ...call, headers: { ...call.headers, ...headers } }
      }
      return (await latencies(site, 'counting', [distant], 1, 6))[0] ?? NaN
    }
    const at = []
    for (const d1 of D1_DELAYS) {
      const twin = endpoint.inTwin ? await from('twin', d1) : null
      at.push({ d1, service: await from('service', d1), twin })
    }
    measured.push({ endpoint: endpoint.name, at })
  }
  return { kv_delay: KV_DELAY, measured }
}

/** Pages of the largest clinic, in which records were deleted, beside the twin's, where none was. */
async function measurePages(progress: (share: number) => void) {
  await deleteEvenly(site.service, clinicOf(records), records, DELETED)
  const pagesAt = (size: number) => {
    const last = pagesOf(size)
    return [...[1, 10, 100, 1000, 10_000].filter((page) => page < last), last]
  }
  const over = (size: number, pages: number[]) =>
    pages.map((page) => () => {
      const path = `/person_informations?page=${page}`
      return callOf(site, clinicOf(size), { method: 'GET', path })
    })

  const pages = pagesAt(records - DELETED)
  const service = await latencies(site, 'service', over(records, pages), 20, 20)
  progress(0.8)
  const twinPages = pagesAt(COMPARED)
  const twin = await latencies(site, 'twin', over(COMPARED, twinPages), 3, 5)
  return {
    service: { records, deleted: DELETED, pages, median_milliseconds: service },
    twin: { records: COMPARED, deleted: 0, pages: twinPages, median_milliseconds: twin },
    last_to_first: rounded((service.at(-1) ?? NaN) / (service[0] ?? NaN)),
  }
}

async function versionOf(dependency: string): Promise<string> {
  const manifest = await readFile(join(PROJECT, 'node_modules', dependency, 'package.json'), 'utf8')
  return z.object({ version: z.string() }).parse(JSON.parse(manifest)).version
}

type Counted = Awaited<ReturnType<typeof countAll>>[number]
type Compared = Awaited<ReturnType<typeof compareAll>>[number]
type Storage = Awaited<ReturnType<typeof measureStorage>>

/** What a run found; publish.ts writes and prints it. */
export type Results = {
  data: { records: number; compared: number }
  endpoints: (Compared & ReturnType<typeof billed>)[]
  by_records: Pick<Counted, 'endpoint' | 'at'>[]
  storage: Storage
  month: ReturnType<typeof billOfMonth>
  publishing: Awaited<ReturnType<typeof measurePublishing>>
  memory: Awaited<ReturnType<typeof measureAllMemory>>
  at_a_distance: Awaited<ReturnType<typeof measureDistance>>
  by_page: Awaited<ReturnType<typeof measurePages>>
  bundle: Awaited<ReturnType<typeof measureBundle>>
}
