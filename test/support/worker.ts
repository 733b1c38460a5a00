import { resolve } from 'node:path'
import { afterAll, beforeAll, vi } from 'vitest'
import { createTestHarness, unstable_readConfig } from 'wrangler'
import type { TrailEvent } from '../../src/operator/trail/events.ts'
import { createClinic } from '../../src/clinics/queries.ts'
import { databaseOf } from '../../src/storage/session.ts'
import type { Bindings } from '../../src/env.ts'
import {
  clearStaged,
  publishStaged,
  stagePlans,
  type CataloguePlan,
} from '../../src/operator/publish-plans.ts'
import { makeSsnKeyPair } from '../../src/operator/ssn.ts'
import { SCOPES, type TokenRecord } from '../../src/tokens/record.ts'
import { mintToken, tokenKey } from '../../src/tokens/token.ts'
import { CONFIG, PROJECT } from './project.ts'
import { checkAgainstDocument } from './contract.ts'
import { CANARY } from './fixtures.ts'
import { objectsOf } from './segments.ts'

export const API = '/v1/clinic/insurances'

type Options = {
  /** Runs the bundle inside `instrumented.ts`, which counts storage calls and injects faults. */
  instrumented?: boolean
  /** Variables, on top of a key to seal SSNs to. */
  vars?: Record<string, string>
  /** Starts two isolates, which share D1, KV and cache. */
  twoIsolates?: boolean
  /** Requests a minute by binding; none are limited unless it is said. */
  rateLimits?: Record<string, number>
}

/** Rows that are looked through at once. */
const PORTION = 20_000

/** The bundle that ships, in workerd, with D1, KV and cache of its own. */
export type TestWorker = ReturnType<typeof useWorker>

/** A clinic made for one test, and its way in. */
export type Clinic = Awaited<ReturnType<TestWorker['clinic']>>

/** An answer, as every call gives it. */
export type Answer = Awaited<ReturnType<TestWorker['fetch']>>

type Harness = ReturnType<typeof createTestHarness>
type Isolate = ReturnType<Harness['getWorker']>
type TokenOf = Partial<TokenRecord> & { clinic_id: string }

const lineOf = ({ message }: { message: unknown }) => String(message)

/** Starts a worker before the tests of this file or `describe`; after them looks for canaries, and stops it. */
export function useWorker({
  instrumented = false,
  vars = {},
  twoIsolates = false,
  rateLimits = {},
}: Options = {}) {
  // Set before the first test.
  let server: Harness
  let env: Bindings
  let origin: string
  let ssnKey: Awaited<ReturnType<typeof makeSsnKeyPair>>

  beforeAll(async () => {
    ssnKey = await makeSsnKeyPair()
    const { assets, compatibility_date, d1_databases, kv_namespaces, r2_buckets } =
      unstable_readConfig({ config: CONFIG })
    const at = (path = '') => resolve(PROJECT, path)
    const config = {
      ...(assets && { assets: { ...assets, directory: at(assets.directory) } }),
      compatibility_date,
      d1_databases: d1_databases.map((one: { migrations_dir?: string }) => ({
        ...one,
        migrations_dir: at(one.migrations_dir ?? 'migrations'),
      })),
      kv_namespaces,
      r2_buckets,
      ...(instrumented
        ? { main: at('test/support/instrumented.ts') }
        : { main: at('dist/index.js'), no_bundle: true }),
      vars: { SSN_PUBLIC_KEY: ssnKey.publicKey, ...vars },
      ratelimits: Object.entries(rateLimits).map(([name, limit], n) => ({
        name,
        namespace_id: String(2000 + n),
        simple: { limit, period: 60 as const },
      })),
    }
    const names = twoIsolates ? ['first', 'second'] : ['first']
    server = createTestHarness({
      // Not the project's folder, in which `npm run dev` leaves a `.dev.vars` that would count more than these vars.
      root: at('dist'),
      workers: names.map((name) => ({ config: { name, ...config } })),
    })
    origin = (await server.listen()).url.origin
    const first = server.getWorker<Bindings>('first')
    await first.applyD1Migrations('DB')
    env = await first.getEnv()
  })

  afterAll(async () => {
    await expectNoCanary()
    await server.close()
  })

  const database = () => databaseOf(env, 'first-primary')
  const issued: string[] = []
  let clinicsMade = 0

  /** What no log, no KV entry, no key and no audit row may hold. */
  const isPersonal = (text: string) =>
    [CANARY.name, CANARY.ssn, CANARY.ssn.replaceAll('-', ''), ...issued].some((canary) =>
      text.includes(canary),
    )

  /** Throws if an answer holds a plain SSN or, being a refusal, somebody's name. */
  async function inspect(answer: { status: number; clone(): { text(): Promise<string> } }) {
    const body = await answer.clone().text()
    const isRecord = answer.status < 400
    if (isPersonal(isRecord ? body.replaceAll(CANARY.name, '') : body)) {
      throw new Error(`an answer with status ${answer.status} holds a canary`)
    }
  }

  async function expectNoCanary() {
    const { keys } = await env.TOKENS.list()
    const values = await Promise.all(keys.map(({ name }) => env.TOKENS.get(name)))
    for (const rows of [
      'accesses',
      '(SELECT clinic_id, seq, resource, record_id, version, action, token_id, request_id, changed FROM changes)',
      'idempotency_keys',
    ]) {
      for await (const some of portionsOf(rows)) {
        if (isPersonal(JSON.stringify(some))) throw new Error(`a canary is in ${rows}`)
      }
    }
    const places = {
      logs: server.getLogs(),
      kv: [keys, values],
      bucket: env.TRAIL ? [...(await objectsOf(env.TRAIL)).values()] : [],
    }
    for (const [place, held] of Object.entries(places)) {
      if (isPersonal(JSON.stringify(held))) throw new Error(`a canary is in ${place}`)
    }
  }

  /** All rows of a table, some at a time: a million at once are too many for the runtime. */
  async function* portionsOf(rows: string) {
    for (let seen = 0, count = PORTION; count === PORTION; seen += count) {
      const { results } = await env.DB.prepare(`SELECT * FROM ${rows} LIMIT ? OFFSET ?`)
        .bind(PORTION, seen)
        .all()
      yield results
      count = results.length
    }
  }

  /** Issues a token whose record is `record` on top of one that may do everything. */
  async function token(record: TokenOf) {
    const minted = mintToken()
    await issue(minted, record)
    return minted
  }

  /** Puts the record of a token into KV, or another in its place. */
  async function issue(minted: string, record: TokenOf) {
    issued.push(minted)
    await env.TOKENS.put(
      await tokenKey(minted),
      JSON.stringify({
        label: 'test',
        scopes: SCOPES,
        created_at: new Date().toISOString(),
        expires_at: null,
        revoked_at: null,
        ...record,
      }),
    )
  }

  /** Fetches any path, as a stranger would. No answer passes that openapi.json does not allow. */
  async function fetch(
    path: string,
    init?: Parameters<Isolate['fetch']>[1],
    isolate: 'first' | 'second' = 'first',
  ) {
    const answer = await server.getWorker(isolate).fetch(path, init)
    await inspect(answer)
    await checkAgainstDocument(init?.method ?? 'GET', path, answer)
    return answer
  }

  type CallOptions = {
    token?: string
    body?: unknown
    headers?: Record<string, string>
    /** Which of the two answers. */
    isolate?: 'first' | 'second'
  }

  /** Calls the API below its base path. */
  function call(
    method: string,
    path: string,
    { token, body, headers = {}, isolate }: CallOptions = {},
  ) {
    const init = {
      method,
      headers: {
        ...(token !== undefined && { 'X-User-Token': token }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }
    return fetch(`${API}${path}`, init, isolate)
  }

  return {
    get env() {
      return env
    },
    get ssnKey() {
      return ssnKey
    },
    /** Where the first isolate listens, for those who come by the network. */
    get origin() {
      return origin
    },
    call,
    token,
    issue,
    fetch,
    logs: () => server.getLogs(),
    /** The first line of the log that holds the text, which may be yet to come. */
    logLine: (text: string) =>
      vi.waitUntil(
        () =>
          server
            .getLogs()
            .map(lineOf)
            .find((line) => line.includes(text)),
        5000,
      ),
    /** Runs what the cron trigger runs. */
    sweep: () => server.getWorker('first').scheduled({ cron: '17 * * * *' }),

    /** What a request left in the trail, as an access or a change, if it left something. */
    async eventOf({ headers }: { headers: { get(name: string): string | null } }) {
      const [accesses, changes] = await env.DB.batch<TrailEvent>(
        [
          'SELECT * FROM accesses WHERE request_id = ?',
          `SELECT at, clinic_id, token_id, request_id, action, resource, NULL AS status,
            min(record_id) || iif(count(*) > 1, '-' || max(record_id), '') AS ids
          FROM changes WHERE request_id = ? HAVING count(*) > 0`,
        ].map((query) => env.DB.prepare(query).bind(headers.get('X-Request-Id'))),
      )
      return accesses?.results[0] ?? changes?.results[0] ?? null
    },

    /** A new clinic with a token of every scope and the calls it makes. */
    async clinic() {
      const clinicId = `clinic-${++clinicsMade}`
      await createClinic(database(), clinicId)
      const own = await token({ clinic_id: clinicId })
      let ownablesMade = 1000
      const get = (path: string, headers = {}) => call('GET', path, { token: own, headers })
      const put = (path: string, body?: unknown) => call('PUT', path, { token: own, body })
      return {
        clinicId,
        token: own,
        get,
        put,
        post: (path: string, body: unknown, headers = {}) =>
          call('POST', path, { token: own, body, headers }),
        /** How many records the list has. */
        async total(list: string): Promise<number> {
          const answer = await get(`/${list}`)
          return JSON.parse(await answer.text()).pagination.total_count
        },
        /** Registers an ownable and gives its id. */
        async ownable(type = 'Patient', id = ++ownablesMade) {
          await put(`/ownables/${type}/${id}`)
          return id
        },
      }
    },

    /** Makes these plans the whole catalogue, and serves it. */
    async publish(plans: CataloguePlan[] = []) {
      await env.DB.batch([
        env.DB.prepare('DELETE FROM plan_words'),
        env.DB.prepare('DELETE FROM plans'),
      ])
      // As long as a catalogue of many plans takes.
      const db = databaseOf(env, 'first-primary', 60_000)
      await clearStaged(db)
      await stagePlans(db, plans)
      return publishStaged(db, env.TOKENS, { republish: true })
    },
  }
}
