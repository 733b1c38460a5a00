import * as z from 'zod'
import { cpuOfWorkerd } from './cpu.ts'
import type { Endpoint, Sent } from './endpoints.ts'
import { clinicOf, PLANS } from './fill.ts'
import { load, type Call } from './load.ts'
import type { Site, WorkerName } from './site.ts'

export const API = '/v1/clinic/insurances'

/** Connections that send at once where throughput is measured. */
export const CONNECTIONS = 8
/** A round is long enough to outlast a garbage collection, and short, so that noise falls on all alike. */
const ROUND_MILLISECONDS = 120
/** The twin is many times slower, so fewer rounds tell as much. */
export const TWIN_ROUNDS = 3

const REFERENCES = ['bare', 'service', 'twin'] as const
type Reference = (typeof REFERENCES)[number]

/** Those that have the endpoint. */
export const having = ({ inTwin }: Endpoint): readonly Reference[] =>
  inTwin ? REFERENCES : ['bare', 'service']

export const callOf = (site: Site, clinicId: string, { path, ...sent }: Sent): Call => ({
  ...sent,
  path: API + path,
  headers: {
    'X-User-Token': site.token(clinicId),
    ...(sent.body !== undefined && { 'Content-Type': 'application/json' }),
  },
})

/** Gives the calls of an endpoint by the clinic of so many person informations: one again and again, unless it can't be. */
export function callsOf(site: Site, records: number, endpoint: Endpoint): () => Call {
  const { clinicId = clinicOf(records), isOnce = false, send } = endpoint
  return () => callOf(site, clinicId, send(isOnce ? site.next(endpoint.name) : 0))
}

/** Makes one call and gives its answer, as text. */
export async function ask(origin: string, { path, ...init }: Call) {
  const response = await fetch(origin + path, init)
  return { status: response.status, headers: response.headers, body: await response.text() }
}

const counts = z.object({
  d1_round_trips: z.number(),
  statements: z.number(),
  rows_read: z.number(),
  rows_written: z.number(),
  kv_reads: z.number(),
})

/** What differs from call to call is counted over so many, and the mean told. */
const COUNTED = 16

/**
 * What a request asks of storage if its token is new to the isolate. Exact if all calls are alike. What all tokens share
 * is read from KV once in ten seconds, so it is read before and not counted.
 */
export async function count(site: Site, worker: Reference, records: number, endpoint: Endpoint) {
  const { clinicId = clinicOf(records), isOnce } = endpoint
  const shared = callOf(site, clinicId, { method: 'GET', path: `/plans/${PLANS}` })
  const headers = { ...shared.headers, 'x-bench-worker': worker }
  await ask(site.url('counting'), { ...shared, headers })
  const counted: Awaited<ReturnType<typeof countAgain>>[] = []
  for (let n = 0; n < (isOnce ? COUNTED : 1); n++) {
    await site.renewToken(clinicId)
    counted.push(await countAgain(site, worker, records, endpoint))
  }
  const mean = (name: keyof (typeof counted)[number]) =>
    rounded(counted.reduce((sum, one) => sum + one[name], 0) / counted.length)
  return {
    d1_round_trips: mean('d1_round_trips'),
    statements: mean('statements'),
    rows_read: mean('rows_read'),
    rows_written: mean('rows_written'),
    kv_reads: mean('kv_reads'),
    bytes: mean('bytes'),
  }
}

/** The same by a token that an isolate may remember. */
export async function countAgain(
  site: Site,
  worker: Reference,
  records: number,
  endpoint: Endpoint,
) {
  const call = callsOf(site, records, endpoint)()
  const headers = { ...call.headers, 'x-bench-worker': worker }
  const answer = await ask(site.url('counting'), { ...call, headers })
  if (answer.status >= 300) throw new Error(`${worker}: ${call.path} answered ${answer.status}`)
  return {
    ...counts.parse(JSON.parse(answer.headers.get('x-bench-counts') ?? '{}')),
    bytes: new Blob([answer.body]).size,
  }
}

/** Headers that differ from request to request, or name the socket that was asked. */
const OWN = ['date', 'link', 'location', 'x-request-id', 'x-d1-bookmark']
/** What differs from record to record. */
const OF_A_RECORD =
  /"(id|seq|last_seq|\w+_at|at|request_id|first_name|group_number|member_id)":("[^"]*"|\d+)/g

/** Rejects unless the service and its references give one and the same answer. */
export async function expectSameAnswers(site: Site, records: number, endpoint: Endpoint) {
  const isWrite = endpoint.leaves.keys > 0
  const said = (body: string) => (isWrite ? body.replace(OF_A_RECORD, '') : body)
  const next = callsOf(site, records, endpoint)
  const service = await ask(site.url('service'), next())
  const bare = await ask(site.url('bare'), next())
  const comparable = ({ status, headers, body }: typeof service, url: string) =>
    JSON.stringify([
      status,
      said(body),
      headers.get('link')?.replaceAll(url, ''),
      Array.from(headers).filter(
        ([name]) => !OWN.includes(name) && !(isWrite && name === 'etag') && name !== 'x-cache',
      ),
    ])
  const [ours, theirs] = [
    comparable(service, site.url('service')),
    comparable(bare, site.url('bare')),
  ]
  if (service.status >= 300 || ours !== theirs) {
    const from = Math.max(0, Array.from(ours).findIndex((letter, n) => letter !== theirs[n]) - 80)
    const [there, here] = [theirs, ours].map((whole) => whole.slice(from, from + 400))
    throw new Error(`the bare Worker answers ${endpoint.name} otherwise:\n${there}\nnot\n${here}`)
  }
  if (!endpoint.inTwin) return
  const twin = await ask(site.url('twin'), next())
  if (said(twin.body) !== said(service.body)) {
    throw new Error(`the twin answers ${endpoint.name} otherwise:\n${twin.body}`)
  }
}

/** One round: requests a second, and milliseconds of workerd's processor for each, D1's included. */
export type Ran = { throughput: number; processor: number }

/** A Worker that is measured beside others, and its calls. */
type Contender = { url: string; next: () => Call; rounds?: number }

/** The rounds of each contender, in turns, so that what the machine does meanwhile falls on all alike. */
export async function compare(contenders: readonly Contender[], rounds: number): Promise<Ran[][]> {
  const all = contenders.map((contender) => ({ ...contender, requests: 0, ran: new Array<Ran>() }))
  for (const one of all) {
    await load(one.url, one.next, 40, CONNECTIONS)
    const { throughput } = await load(one.url, one.next, 40, CONNECTIONS)
    one.requests = Math.max(16, Math.round((throughput * ROUND_MILLISECONDS) / 1000))
  }
  for (let round = 0; round < rounds; round++) {
    // Each goes first in every second round, so that none is always the one after a pause.
    for (const one of round % 2 ? all : all.toReversed()) {
      if (round >= (one.rounds ?? rounds)) continue
      const before = await cpuOfWorkerd()
      const { throughput } = await load(one.url, one.next, one.requests, CONNECTIONS)
      one.ran.push({ throughput, processor: ((await cpuOfWorkerd()) - before) / one.requests })
    }
  }
  return all.map(({ ran }) => ran)
}

/** The median of the ratios of neighbouring rounds. */
export const ratioOf = (figure: keyof Ran, some: readonly Ran[], others: readonly Ran[]) =>
  rounded(median(some.map((one, n) => one[figure] / (others[n] ?? one)[figure])))

export const medianOf = (figure: keyof Ran, rounds: readonly Ran[]) =>
  rounded(median(rounds.map((one) => one[figure])))

/** Median milliseconds of a request by itself, over as many rounds as there are, call after call. */
export async function latencies(
  site: Site,
  worker: WorkerName,
  nexts: readonly (() => Call)[],
  rounds: number,
  amount: number,
): Promise<number[]> {
  const taken: number[][] = nexts.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [n, next] of nexts.entries()) {
      const { latencies } = await load(site.url(worker), next, amount, 1)
      taken[n]?.push(...latencies)
    }
  }
  return taken.map((milliseconds) => rounded(median(milliseconds)))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}

export const rounded = (value: number) => Number(value.toPrecision(3))
