// @ts-expect-error The bundle that ships carries no types.
import bundle from '../../../dist/index.js'
import type { Bindings } from '../../../src/env.ts'
import bare from './bare/index.ts'
import twin from './twin.ts'

type Fetch = (...asked: Parameters<typeof bare.fetch>) => Response | Promise<Response>
const service: { fetch: Fetch } = bundle

/** What one request asks of storage, the trail that it leaves after its answer included. */
export type Counts = {
  /** Those that the client waits for. */
  d1_round_trips: number
  statements: number
  rows_read: number
  rows_written: number
  /** Keys, since each is billed. */
  kv_reads: number
}

/** How far away storage is, in milliseconds a call. */
type Delays = { d1: number; kv: number }

/**
 * Each Worker with the real D1 and KV behind counters. `x-bench-worker` names the one that is to answer; the counts come
 * back as JSON in `x-bench-counts`. `x-bench-delays` says how far away storage is; then no token is remembered.
 */
export default {
  async fetch(request, { TWIN, ...env }, ctx) {
    const name = request.headers.get('x-bench-worker')
    const sent = request.headers.get('x-bench-delays')
    const delays: Delays = sent === null ? { d1: 0, kv: 0 } : JSON.parse(sent)
    const counts = { d1_round_trips: 0, statements: 0, rows_read: 0, rows_written: 0, kv_reads: 0 }
    // Where it is far away, nobody waits for what comes after the answer.
    const afterwards = sent === null ? gatherAfterwards(ctx) : []
    const bindings = {
      ...env,
      ...(sent !== null && { TOKEN_MEMORY_SECONDS: '0' }),
      DB: countedDatabase(name === 'twin' ? TWIN : env.DB, counts, delays),
      TOKENS: countedKv(env.TOKENS, counts, delays),
    }
    const answer = await answerOf(name, request, bindings, ctx)
    const { d1_round_trips } = counts
    await Promise.all(afterwards)
    const counted = new Response(answer.body, answer)
    counted.headers.set('x-bench-counts', JSON.stringify({ ...counts, d1_round_trips }))
    return counted
  },
} satisfies ExportedHandler<Bindings & { TWIN: D1Database }>

const answerOf = (name: string | null, ...asked: Parameters<Fetch>) => {
  if (name === 'bare') return bare.fetch(...asked)
  return name === 'twin' ? twin.fetch(...asked) : service.fetch(...asked)
}

/** What the Worker hands to `waitUntil` from here on. */
function gatherAfterwards(ctx: ExecutionContext): Promise<unknown>[] {
  const gathered: Promise<unknown>[] = []
  Object.defineProperty(ctx, 'waitUntil', {
    value: (after: Promise<unknown>) => gathered.push(after),
  })
  return gathered
}

function countedDatabase(database: D1Database, counts: Counts, delays: Delays): D1Database {
  const methods = countedMethods(database, counts, delays)
  return replacing(database, {
    ...methods,
    withSession: (at: string) => {
      const session = database.withSession(at)
      return replacing(session, countedMethods(session, counts, delays))
    },
  })
}

const countedMethods = (
  database: D1Database | D1DatabaseSession,
  counts: Counts,
  delays: Delays,
) => ({
  prepare: (query: string) => countedStatement(database.prepare(query), counts, delays),
  batch: async (statements: D1PreparedStatement[]) => {
    counts.d1_round_trips++
    if (delays.d1 > 0) await scheduler.wait(delays.d1)
    const answers = await database.batch(statements)
    for (const { meta } of answers) add(counts, meta)
    return answers
  },
})

/** Counts what runs by itself, as the twin's statements do. */
function countedStatement(
  statement: D1PreparedStatement,
  counts: Counts,
  delays: Delays,
): D1PreparedStatement {
  const { bind, all } = statement
  const run = async () => {
    counts.d1_round_trips++
    if (delays.d1 > 0) await scheduler.wait(delays.d1)
    const answer = await Reflect.apply(all, statement, [])
    add(counts, answer.meta)
    return answer
  }
  return Object.defineProperties(statement, {
    bind: {
      value: (...values: unknown[]) =>
        countedStatement(Reflect.apply(bind, statement, values), counts, delays),
    },
    all: { value: run },
    run: { value: run },
    raw: { value: async () => (await run()).results.map((row) => Object.values(Object(row))) },
  })
}

function add(counts: Counts, { rows_read, rows_written }: D1Meta): void {
  counts.statements++
  counts.rows_read += rows_read
  counts.rows_written += rows_written
}

const countedKv = (kv: KVNamespace, counts: Counts, delays: Delays): KVNamespace =>
  replacing(kv, {
    get: async (keys: string | string[], ...options: unknown[]) => {
      counts.kv_reads += Array.isArray(keys) ? keys.length : 1
      if (delays.kv > 0) await scheduler.wait(delays.kv)
      return await Reflect.apply(kv.get, kv, [keys, ...options])
    },
  })

/** `target` with these methods in place of its own; the others answer for `target`. */
const replacing = <Target extends object>(
  target: Target,
  methods: Record<string, unknown>,
): Target =>
  new Proxy(target, {
    get(_, name) {
      const method: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
