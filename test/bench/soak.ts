import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { TOKEN_POLICY } from '../../src/http/headers.ts'
import { endpointsOf, type Endpoint } from './endpoints.ts'
import { clinicOf, ladder } from './fill.ts'
import { ask, callOf } from './measure.ts'
import { heapOf } from './memory.ts'
import { openSite } from './site.ts'

/**
 * Two clinics at the rate limit, for minutes on end: does memory grow, does anything fail, is anything lost? And does
 * one clinic beyond its limit slow down another?
 *
 *     npm run build && node test/bench/soak.ts --minutes 10
 */

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } })
const minutes = Number(values.minutes)
const A_MINUTE = 60_000
const RECORDS = 10_000
/** Somewhat faster than a token may. */
const PAUSE = (0.95 * TOKEN_POLICY.period * 1000) / TOKEN_POLICY.limit
/** How many times its rate a clinic sends that is beyond it. */
const FLOOD = 4

const site = await openSite(RECORDS, () => {}, ['service'], true)
const [one = '', other = ''] = ladder(RECORDS).map(clinicOf)

function sender(name: string): Endpoint['send'] {
  const found = endpointsOf(RECORDS).find((endpoint) => endpoint.name === name)
  if (!found) throw new Error(`no endpoint is named ${name} any more`)
  return found.send
}
const list = sender('person informations, first page')
const create = sender('create a dependent')

async function counted(sql: string, ...bound: string[]): Promise<number> {
  const row = await site.service
    .prepare(sql)
    .bind(...bound)
    .first<{ n: number }>()
  return row?.n ?? 0
}
const CREATED = `SELECT count(*) AS n FROM changes WHERE clinic_id = ? AND action = 'create'`
const READ = `SELECT count(*) AS n FROM accesses WHERE clinic_id = ? AND action = 'list' AND status = 200`

/** What the answers to a clinic's requests were. */
const answers = new Map<string, Record<string, number>>()

async function send(clinicId: string, n: number): Promise<void> {
  const isWrite = n % 5 === 0
  const { status } = await ask(
    site.url('service'),
    callOf(site, clinicId, isWrite ? create(n) : list(n)),
  )
  const of = answers.get(clinicId) ?? {}
  answers.set(clinicId, of)
  const kind = `${isWrite ? 'POST' : 'GET'} ${status}`
  of[kind] = (of[kind] ?? 0) + 1
}

/** Sends without waiting for answers, `times` the rate that a token has. */
async function soak(clinicId: string, until: number, times = 1): Promise<void> {
  const running = new Set<Promise<void>>()
  const startedAt = Date.now()
  for (let n = 0; Date.now() < until; n++) {
    const sending = send(clinicId, n).finally(() => running.delete(sending))
    running.add(sending)
    await setTimeout(Math.max(0, startedAt + (n * PAUSE) / times - Date.now()))
  }
  await Promise.all(running)
}

/** The median of the milliseconds that the second clinic waits for a page, over some seconds. */
async function latency(seconds: number): Promise<number> {
  const took: number[] = []
  const until = Date.now() + seconds * 1000
  while (Date.now() < until) {
    const startedAt = performance.now()
    await ask(site.url('service'), callOf(site, other, list(took.length)))
    took.push(performance.now() - startedAt)
    // Within its rate.
    await setTimeout(2 * PAUSE)
  }
  return took.toSorted((a, b) => a - b)[took.length >> 1] ?? NaN
}

try {
  const before = new Map<string, [number, number]>()
  for (const id of [one, other])
    before.set(id, [await counted(CREATED, id), await counted(READ, id)])
  const heap = [await heapOf(site, 'service')]
  const until = Date.now() + minutes * A_MINUTE
  const soaking = Promise.all([soak(one, until), soak(other, until)])
  for (let minute = 0; minute < minutes; minute++) {
    await setTimeout(A_MINUTE)
    heap.push(await heapOf(site, 'service'))
  }
  await soaking
  await setTimeout(3000)
  console.log(
    'megabytes held, by the minute:',
    heap.map((bytes) => (bytes / 1e6).toFixed(1)).join(' '),
  )
  for (const [id, [created, read]] of before) {
    const journal = (await counted(CREATED, id)) - created
    const trail = (await counted(READ, id)) - read
    console.log(id, answers.get(id), { journal, trail })
  }

  await setTimeout(A_MINUTE)
  const quiet = await latency(10)
  const flood = soak(one, Date.now() + A_MINUTE, FLOOD)
  // Past its limit.
  await setTimeout(A_MINUTE / 2)
  const flooded = await latency(10)
  await flood
  console.log('a page of the other clinic, in milliseconds:', {
    quiet,
    flooded,
    ratio: flooded / quiet,
  })
} finally {
  await site.close()
}
