import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { mintToken } from '../../src/tokens/token.ts'
import type { Sent } from './endpoints.ts'
import { load } from './load.ts'
import { API, callOf, CONNECTIONS } from './measure.ts'
import type { Site, WorkerName } from './site.ts'

/**
 * Bytes that an isolate holds: what its JavaScript keeps and the buffers behind it, as the runtime's inspector tells. It
 * is asked to collect garbage first, and does not collect all, so that some megabytes more or less mean nothing.
 */
export async function heapOf(site: Site, worker: WorkerName): Promise<number> {
  // The inspector does not always answer; another connection does.
  for (;;) {
    const bytes = await Promise.race([inspect(site, worker), setTimeout(PATIENCE_MILLISECONDS)])
    if (bytes !== undefined) return bytes
  }
}

async function inspect(site: Site, worker: WorkerName): Promise<number> {
  const socket = new WebSocket(site.inspector(worker))
  await once(socket, 'open')
  const { promise, resolve } = Promise.withResolvers<number>()
  socket.addEventListener('message', ({ data }) => {
    const { result } = JSON.parse(String(data))
    if (result?.usedSize) resolve(result.usedSize + result.backingStorageSize)
  })
  for (const [id, method] of METHODS.entries()) {
    socket.send(JSON.stringify({ id, method }))
    await setTimeout(50)
  }
  const bytes = await promise
  socket.close()
  return bytes
}

/** What dies with one collection may have held what dies with the next. */
const METHODS = [
  'Runtime.enable',
  'HeapProfiler.enable',
  'HeapProfiler.collectGarbage',
  'HeapProfiler.collectGarbage',
  'Runtime.getHeapUsage',
]
const PATIENCE_MILLISECONDS = 3000

/** Bytes more that an isolate holds after so many different calls than before them. */
export async function keptAfter(
  site: Site,
  worker: WorkerName,
  clinicId: string,
  send: (n: number) => Sent,
  amount: number,
): Promise<number> {
  const before = await heapOf(site, worker)
  let n = 0
  const next = () => callOf(site, clinicId, send(++n))
  // What a page past the end, or a record that is gone, leaves in memory counts as well.
  await load(site.url(worker), next, amount, CONNECTIONS, (status) => status < 500)
  return (await heapOf(site, worker)) - before
}

/** Requests of every kind, each of them different from all before. */
export const KINDS_OF_REQUEST: Record<string, (n: number) => Sent> = {
  queries: (n) => get(`/person_informations?patient_id=${n}`),
  plans: (n) => get(`/plans?page=${1 + (n % 700)}&page_size=${1 + (n % 25)}&search=${n % 9973}`),
  refusals: (n) => get(`/dependents?page=x${n}&colour=${n}`),
  paths: (n) => get(`/dependents/${n}/nothing/of/${n}`),
  bodies: (n) => ({
    method: 'POST',
    path: '/person_informations/search',
    body: JSON.stringify({ search: { last_name: `Nobody ${n}`, first_name: `${n}` } }),
  }),
}

/** Asks with a token that nobody issued, and another each time. */
export const withAnyToken = (site: Site, worker: WorkerName, amount: number) =>
  load(
    site.url(worker),
    () => ({ method: 'GET', path: `${API}/plans`, headers: { 'X-User-Token': mintToken() } }),
    amount,
    CONNECTIONS,
    (status) => status === 401,
  )

const get = (path: string): Sent => ({ method: 'GET', path })

/** Bytes held before and after `amount` requests in all, a part of each kind. */
export async function measureMemory(
  site: Site,
  worker: WorkerName,
  clinicId: string,
  amount: number,
) {
  const before = await heapOf(site, worker)
  const kinds = Object.entries(KINDS_OF_REQUEST)
  const each = Math.ceil(amount / (kinds.length + 1))
  const kept: Record<string, number> = {}
  for (const [kind, send] of kinds) kept[kind] = await keptAfter(site, worker, clinicId, send, each)
  await withAnyToken(site, worker, each)
  const after = await heapOf(site, worker)
  kept.tokens = after - before - Object.values(kept).reduce((sum, bytes) => sum + bytes, 0)
  return { requests: each * (kinds.length + 1), before, after, kept }
}
