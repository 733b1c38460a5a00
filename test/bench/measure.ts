import { cpuOfWorkerd } from './cpu.ts'
import type { Endpoint } from './endpoints.ts'
import { load, type Call } from './load.ts'
import type { Site, WorkerName } from './site.ts'

const API = '/v1/clinic/insurances'

/** Connections that send at once where throughput is measured. */
const CONNECTIONS = 8
/** A round is long enough to outlast a garbage collection, and short, so that noise falls on all alike. */
const ROUND_MILLISECONDS = 120
const ROUNDS = 31
/** The twin is many times slower, so fewer rounds tell as much. */
const TWIN_ROUNDS = 5

/** The call of an endpoint by the clinic of this many person informations. */
export const callOf = (
  site: Site,
  worker: WorkerName,
  records: number,
  { path, body }: Endpoint,
): Call => ({
  method: body === undefined ? 'GET' : 'POST',
  url: `${site.url(worker)}${API}${path}`,
  headers: {
    'X-User-Token': site.token(records),
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
  },
  ...(body !== undefined && { body }),
})

/** Makes one call and gives its answer, as text. */
export async function ask(site: Site, worker: WorkerName, records: number, endpoint: Endpoint) {
  const { url, ...init } = callOf(site, worker, records, endpoint)
  const response = await fetch(url, init)
  return { status: response.status, headers: response.headers, body: await response.text() }
}

/** What a request asks of storage until it is answered, and what it answers. Exact, from one request. */
export async function count(site: Site, records: number, endpoint: Endpoint) {
  const { status, headers, body } = await ask(site, 'counted', records, endpoint)
  if (status >= 300) throw new Error(`${endpoint.path} answered ${status}`)
  const counted = (name: string) => Number(headers.get(`x-test-${name}`))
  return {
    d1_round_trips: counted('d1'),
    statements: counted('statements'),
    rows_read: counted('rowsread'),
    rows_written: counted('rowswritten'),
    kv_reads: counted('kv'),
    bytes: Buffer.byteLength(body),
    cache: headers.get('x-cache'),
  }
}

/** Rows that the twin's two queries read for the first and the last page of its person informations. */
export async function countTwin(database: D1Database, clinicId: string, pageCount: number) {
  const rowsRead = async (offset: number) => {
    const answers = await database.batch([
      database
        .prepare(
          'SELECT * FROM person_informations WHERE clinic_id = ? ORDER BY id LIMIT 25 OFFSET ?',
        )
        .bind(clinicId, offset),
      database
        .prepare('SELECT count(*) FROM person_informations WHERE clinic_id = ?')
        .bind(clinicId),
    ])
    return answers.reduce((sum, { meta }) => sum + meta.rows_read, 0)
  }
  return { first_page: await rowsRead(0), last_page: await rowsRead((pageCount - 1) * 25) }
}

/** Headers that differ from request to request, or name the socket that was asked. */
const OWN = ['date', 'link', 'location', 'x-request-id', 'x-d1-bookmark']

/** Rejects unless the service and its references give one and the same answer. */
export async function expectSameAnswers(site: Site, records: number, endpoint: Endpoint) {
  const service = await ask(site, 'service', records, endpoint)
  const bare = await ask(site, 'bare', records, endpoint)
  const comparable = ({ status, headers, body }: typeof service, url: string) =>
    JSON.stringify([
      status,
      endpoint.body === undefined ? body : body.replace(/"(id|\w+_at)":[^,}]+/g, ''),
      headers.get('link')?.replaceAll(url, ''),
      Array.from(headers).filter(([name]) => !OWN.includes(name)),
    ])
  if (comparable(service, site.url('service')) !== comparable(bare, site.url('bare'))) {
    throw new Error(`the bare Worker answers ${endpoint.path} otherwise`)
  }
  if (endpoint.body !== undefined) return
  const twin = await ask(site, 'twin', records, endpoint)
  if (twin.body !== service.body) throw new Error(`the twin answers ${endpoint.path} otherwise`)
}

/**
 * Requests a second of each Worker, and the service's ratio to each reference in the same rounds: by the
 * clock, and for the bare Worker by the processor too, which a busy machine does not disturb.
 */
export async function compare(site: Site, records: number, endpoint: Endpoint) {
  const amount = new Map<WorkerName, number>()
  const names: WorkerName[] = ['service', 'bare', ...(endpoint.body ? [] : (['twin'] as const))]
  for (const name of names) {
    const call = callOf(site, name, records, endpoint)
    await load(call, 40, CONNECTIONS)
    const { throughput } = await load(call, 40, CONNECTIONS)
    amount.set(name, Math.max(16, Math.round((throughput * ROUND_MILLISECONDS) / 1000)))
  }
  const run = async (name: WorkerName) => {
    const requests = amount.get(name) ?? 0
    const before = await cpuOfWorkerd()
    const { throughput } = await load(callOf(site, name, records, endpoint), requests, CONNECTIONS)
    return { throughput, cpu: ((await cpuOfWorkerd()) - before) / requests }
  }

  const service: Ran[] = []
  const bare: Ran[] = []
  const twin: Ran[] = []
  for (let round = 0; round < ROUNDS; round++) {
    // Each goes first in every second round, so that neither is always the one after a pause.
    if (round % 2) service.push(await run('service'))
    bare.push(await run('bare'))
    if (!(round % 2)) service.push(await run('service'))
    if (names.includes('twin') && round < TWIN_ROUNDS) twin.push(await run('twin'))
  }
  const served = (rounds: Ran[]) => median(rounds.map(({ throughput }) => throughput))
  const ratios = service.map(({ throughput }, n) => throughput / (bare[n]?.throughput ?? NaN))
  return {
    requests_per_second: {
      service: Math.round(served(service)),
      bare: Math.round(served(bare)),
      twin: twin.length > 0 ? Math.round(served(twin)) : null,
    },
    of_bare: rounded(median(ratios)),
    of_bare_by_cpu: rounded(
      median(bare.map(({ cpu }) => cpu)) / median(service.map(({ cpu }) => cpu)),
    ),
    times_twin: twin.length > 0 ? rounded(served(service) / served(twin)) : null,
  }
}

/** One round: requests a second, and milliseconds of workerd's processor for each. */
type Ran = { throughput: number; cpu: number }

/** Median milliseconds of a request by itself, over as many rounds as there are, page after page. */
export async function latencies(
  site: Site,
  worker: WorkerName,
  records: number,
  endpoints: readonly Endpoint[],
  rounds: number,
  amount: number,
): Promise<number[]> {
  const taken: number[][] = endpoints.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [n, endpoint] of endpoints.entries()) {
      const { latencies } = await load(callOf(site, worker, records, endpoint), amount, 1)
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
