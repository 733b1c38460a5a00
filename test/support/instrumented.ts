// @ts-expect-error The bundle that ships carries no types.
import bundle from '../../dist/index.js'
import type { Bindings } from '../../src/env.ts'
import { CANARY } from './fixtures.ts'

const worker: ExportedHandler<Bindings> & Required<Pick<ExportedHandler<Bindings>, 'fetch'>> =
  bundle

/** What a request asked of storage until it was answered. */
type Counts = {
  d1: number
  statements: number
  rowsRead: number
  rowsWritten: number
  kv: number
  /** How many keys KV was asked for, which is what it bills. */
  kvKeys: number
  /** How long, in milliseconds, it would have waited for the calls that stalled. */
  patience: number
}

/**
 * What befalls a call: it never arrives, its answer is lost after the commit, nothing comes back until the
 * Worker's patience is over, which is at once, D1 has too much to do, or something breaks that no other try
 * will mend. `ok` is the real thing.
 */
type Fault = 'before' | 'after' | 'stall' | 'overload' | 'broken' | 'ok'

/** Gives the fault of each successive call. */
type Faults = () => string

/**
 * The bundle that ships, with the real D1 and KV behind counters and faults. The headers of a request say:
 * - `x-test-d1`, `x-test-kv`: the faults of its first calls, in turn; `x-test-cache`: that of the edge cache
 * - `x-test-d1-rate`: how probable it is that a D1 call fails, before or after the commit
 * - `x-test-limit`: that the token, or the address, is `over` its rate, or how many counts it has left, or that the
 *   limiter is `broken`
 * - `x-test-d1-distance`: how far away D1 is, in milliseconds a call
 * - `x-test-now`: what time it is, in milliseconds since the epoch
 * - `x-test-body`: that the body `stall`s, and so never ends
 * - `x-test-settled`: that the answer waits for what the Worker does after it
 *
 * The counts come back as `x-test-…` headers, and as `x-test-sessions` where in time each D1 session was opened.
 */
export default {
  async fetch(request, env, ctx) {
    const { headers } = request
    const counts = {
      d1: 0,
      statements: 0,
      rowsRead: 0,
      rowsWritten: 0,
      kv: 0,
      kvKeys: 0,
      patience: 0,
    }
    const rate = Number(headers.get('x-test-d1-rate') ?? 0)
    const d1Faults = rate > 0 ? atRandom(rate) : inTurn(headers.get('x-test-d1'))
    const kvFaults = inTurn(headers.get('x-test-kv'))
    const distance = Number(headers.get('x-test-d1-distance') ?? 0)
    const limit = headers.get('x-test-limit')
    const sessions: string[] = []

    setClock(headers.get('x-test-now'))
    befallCache(headers.get('x-test-cache'), counts)
    const afterwards = gatherAfterwards(ctx)
    bodyStalls = headers.get('x-test-body') === 'stall'
    const answer = await worker.fetch(
      bodyStalls
        ? new Request(request, {
            method: request.method,
            body: new ReadableStream({ type: 'bytes' }),
          })
        : request,
      {
        ...env,
        DB: faultyDatabase(env.DB, counts, d1Faults, distance, sessions),
        TOKENS: faultyKv(env.TOKENS, counts, kvFaults),
        ...(limit !== null && {
          TOKEN_RATE_LIMIT: faultyLimiter(limit),
          FAILURE_RATE_LIMIT: faultyLimiter(limit),
        }),
      },
      ctx,
    )

    const counted = new Response(answer.body, answer)
    for (const [name, count] of Object.entries(counts)) {
      counted.headers.set(`x-test-${name.toLowerCase()}`, String(count))
    }
    counted.headers.set('x-test-sessions', sessions.join())
    if (headers.has('x-test-settled')) await Promise.all(afterwards)
    return counted
  },
  scheduled: (controller, env, ctx) =>
    worker.scheduled?.(controller, { ...env, DB: primaryAlone(env.DB) }, ctx),
} satisfies ExportedHandler<Bindings>

const cache = caches.default
const { match } = cache

/** The cache belongs to the isolate, so its fault is the latest request's. */
function befallCache(fault: string | null, counts: Counts): void {
  Object.defineProperty(cache, 'match', {
    configurable: true,
    value: (key: string) => befall(fault ?? 'ok', counts, () => Reflect.apply(match, cache, [key])),
  })
}

const { now } = Date

/** The clock is the isolate's too. */
function setClock(given: string | null): void {
  Date.now = given === null ? now : () => Number(given)
}

/** What the Worker hands to `waitUntil` from here on. */
function gatherAfterwards(ctx: ExecutionContext): Promise<unknown>[] {
  const { waitUntil } = ctx
  const gathered: Promise<unknown>[] = []
  Object.defineProperty(ctx, 'waitUntil', {
    value(promise: Promise<unknown>) {
      gathered.push(promise)
      Reflect.apply(waitUntil, ctx, [promise])
    },
  })
  return gathered
}

function faultyLimiter(fault: string): RateLimit {
  let left = fault === 'over' ? 0 : Number(fault)
  return {
    async limit() {
      if (fault === 'broken') throw new Error('the limiter is out of order')
      return { success: left-- > 0 }
    },
  }
}

/** Who waits in vain: a timer that is set right after a call stalled is the call's deadline. */
let stalled: Counts | undefined

/** Whether the latest request has a body that never ends. */
let bodyStalls = false
/** No other timer is as long as that of a body. */
const BODY_MILLISECONDS = 30_000

const { setTimeout: setTimer } = globalThis

/** A deadline passes at once, and is told instead. */
Object.defineProperty(globalThis, 'setTimeout', {
  value(callback: () => void, milliseconds: number) {
    if (bodyStalls && milliseconds === BODY_MILLISECONDS) return setTimer(callback, 0)
    if (stalled === undefined) return setTimer(callback, milliseconds)
    stalled.patience += milliseconds
    stalled = undefined
    return setTimer(callback, 0)
  },
})

function inTurn(list: string | null): Faults {
  const faults = (list ?? '').split(',')
  return () => faults.shift() || 'ok'
}

const atRandom =
  (rate: number): Faults =>
  () => {
    if (Math.random() >= rate) return 'ok'
    return Math.random() < 0.5 ? 'before' : 'after'
  }

const MESSAGES: Partial<Record<string, string>> = {
  before: 'D1_ERROR: Network connection lost.',
  after: 'D1_ERROR: storage caused object to be reset.',
  overload: 'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
  broken: `D1_ERROR: near '${CANARY.name}', '${CANARY.ssn}': syntax error at offset 7: SQLITE_ERROR`,
} satisfies Partial<Record<Fault, string>>

async function befall<Answer>(
  fault: string,
  counts: Counts,
  call: () => Promise<Answer>,
): Promise<Answer> {
  if (fault === 'stall') {
    stalled = counts
    return await new Promise<never>(() => {})
  }
  if (fault === 'after') await call()
  if (fault !== 'ok') throw new Error(MESSAGES[fault])
  return await call()
}

/** Only sessions reach D1: a way round them fails the request and with it the test. */
function faultyDatabase(
  database: D1Database,
  counts: Counts,
  faults: Faults,
  distance: number,
  sessions: string[],
): D1Database {
  const roundTheSession = () => {
    throw new Error('the Worker goes through a session')
  }
  return {
    prepare: roundTheSession,
    batch: roundTheSession,
    exec: roundTheSession,
    dump: roundTheSession,
    withSession(at) {
      sessions.push(String(at))
      return faultySession(database.withSession(at), counts, faults, distance)
    },
  }
}

/** For work that writes: it fails, and with it the test, if it opens D1 anywhere else. */
const primaryAlone = (database: D1Database): D1Database =>
  new Proxy(database, {
    get: () => (at: string) => {
      if (at !== 'first-primary') throw new Error('this writes, and so begins at the primary')
      return database.withSession(at)
    },
  })

/** Statements run in batches alone, so a batch is the one call to count. */
function faultySession(
  session: D1DatabaseSession,
  counts: Counts,
  faults: Faults,
  distance: number,
): D1DatabaseSession {
  return {
    getBookmark: () => session.getBookmark(),
    prepare: (query) => runningInBatchesAlone(session.prepare(query)),
    async batch<T>(statements: D1PreparedStatement[]) {
      counts.d1++
      counts.statements += statements.length
      if (distance > 0) await scheduler.wait(distance)
      const answers = await befall(faults(), counts, () => session.batch<T>(statements))
      for (const { meta } of answers) {
        counts.rowsRead += meta.rows_read
        counts.rowsWritten += meta.rows_written
      }
      return answers
    },
  }
}

function runningInBatchesAlone(statement: D1PreparedStatement): D1PreparedStatement {
  const { bind } = statement
  const uncounted = () => {
    throw new Error('the Worker runs statements in batches')
  }
  for (const name of ['first', 'run', 'all', 'raw']) {
    Object.defineProperty(statement, name, { value: uncounted })
  }
  return Object.defineProperty(statement, 'bind', {
    value: (...values: unknown[]) => runningInBatchesAlone(Reflect.apply(bind, statement, values)),
  })
}

function faultyKv(kv: KVNamespace, counts: Counts, faults: Faults): KVNamespace {
  return new Proxy(kv, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      if (name !== 'get') return method.bind(target)
      return (...args: unknown[]) => {
        counts.kv++
        counts.kvKeys += Array.isArray(args[0]) ? args[0].length : 1
        return befall(faults(), counts, async () => Reflect.apply(method, target, args))
      }
    },
  })
}
