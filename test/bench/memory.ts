import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { mintToken } from '../../src/tokens/token.ts'
import type { Sent } from './endpoints.ts'
import { load } from './load.ts'
import { API, callOf, CONNECTIONS } from './measure.ts'
import type { Site, WorkerName } from './site.ts'

/** Bytes that an isolate holds once its garbage is collected: what its JavaScript keeps and the buffers behind it. */
export async function heapOf(site: Site, worker: WorkerName): Promise<number> {
  // The inspector does not always answer; another connection does.
  for (;;) {
    const bytes = await Promise.race([inspect(site, worker), setTimeout(PATIENCE_MILLISECONDS)])
    if (bytes !== undefined) return bytes
  }
}

async function inspect(site: Site, worker: WorkerName): Promise<number> {
  const socket = new WebSocket(site.inspector(worker))
  const context = Promise.withResolvers<number>()
  const bytes = Promise.withResolvers<number>()
  socket.addEventListener('message', ({ data }) => {
    const { method, params, result, error } = JSON.parse(String(data))
    if (method === 'Runtime.executionContextCreated') context.resolve(params.context.id)
    if (error || result?.exceptionDetails) bytes.reject(new Error(String(data)))
    if (result?.usedSize) bytes.resolve(result.usedSize + result.backingStorageSize)
  })
  let id = 0
  const send = async (method: string, params?: object) => {
    socket.send(JSON.stringify({ id: ++id, method, params }))
    await setTimeout(50)
  }
  await once(socket, 'open')
  await send('Runtime.enable')
  const contextId = await context.promise
  // What dies with one collection may have held what dies with the next.
  for (let i = 0; i < 2; i++) await send('Runtime.evaluate', { expression: 'gc()', contextId })
  await send('Runtime.getHeapUsage')
  try {
    return await bytes.promise
  } finally {
    socket.close()
  }
}

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

/** Bytes held before and after `amount` requests in all, a part of each kind, none like the first `already`. */
export async function measureMemory(
  site: Site,
  worker: WorkerName,
  clinicId: string,
  amount: number,
  already = 0,
) {
  const before = await heapOf(site, worker)
  const kinds = Object.entries(KINDS_OF_REQUEST)
  const each = Math.ceil(amount / (kinds.length + 1))
  const kept: Record<string, number> = {}
  for (const [kind, send] of kinds) {
    const sendNext = (n: number) => send(already + n)
    kept[kind] = await keptAfter(site, worker, clinicId, sendNext, each)
  }
  await withAnyToken(site, worker, each)
  const after = await heapOf(site, worker)
  kept.tokens = after - before - Object.values(kept).reduce((sum, bytes) => sum + bytes, 0)
  return { requests: each * (kinds.length + 1), before, after, kept }
}
