import { createTestHarness, unstable_readConfig } from 'wrangler'
import { databaseOf } from '../../src/db/session.ts'
import type { Bindings } from '../../src/factory.ts'
import { makeSsnKeyPair } from '../../src/ssn/open.ts'
import { CONFIG, PROJECT } from './project.ts'
import { publishCatalogue } from '../../src/plans/publish.ts'
import { upsertPlans, type CataloguePlan } from '../../src/plans/queries.ts'
import { SCOPES, type TokenRecord } from '../../src/tokens/record.ts'
import { mintToken, tokenKey } from '../../src/tokens/token.ts'
import { checkAgainstDocument } from './contract.ts'
import { CANARY } from './fixtures.ts'

export const API = '/v1/clinic/insurances'

type Options = {
  /** Runs the bundle inside `instrumented.ts`, which counts storage calls and injects faults. */
  instrumented?: boolean
  /** Leaves the Worker without a key to seal SSNs to. */
  withoutSsnKey?: boolean
  /** Requests a minute by binding; none are limited unless it is said. */
  rateLimits?: Record<string, number>
  /** The variables of those names. */
  corsOrigins?: string
  tokenMemorySeconds?: string
}

/** The bundle that ships, in workerd, with D1, KV and cache of its own; two isolates share them. */
export type TestWorker = Awaited<ReturnType<typeof startWorker>>

/** A clinic made for one test, and its way in. */
export type Clinic = Awaited<ReturnType<TestWorker['clinic']>>

let made = 0

export async function startWorker({
  instrumented = false,
  withoutSsnKey = false,
  rateLimits = {},
  corsOrigins,
  tokenMemorySeconds,
}: Options = {}) {
  const ssnKey = await makeSsnKeyPair()
  const { assets, compatibility_date, d1_databases, kv_namespaces } = unstable_readConfig({
    config: CONFIG,
  })
  const config = {
    ...(assets && { assets }),
    compatibility_date,
    d1_databases,
    kv_namespaces,
    ...(instrumented
      ? { main: 'test/support/instrumented.ts' }
      : { main: 'dist/index.js', no_bundle: true }),
    vars: {
      ...(!withoutSsnKey && { SSN_PUBLIC_KEY: ssnKey.publicKey }),
      ...(corsOrigins !== undefined && { CORS_ORIGINS: corsOrigins }),
      ...(tokenMemorySeconds !== undefined && { TOKEN_MEMORY_SECONDS: tokenMemorySeconds }),
    },
    ratelimits: Object.entries(rateLimits).map(([name, limit], n) => ({
      name,
      namespace_id: String(2000 + n),
      simple: { limit, period: 60 as const },
    })),
  }
  const server = createTestHarness({
    root: PROJECT,
    workers: ['first', 'second'].map((name) => ({ config: { name, ...config } })),
  })
  const { url } = await server.listen()
  const first = server.getWorker<Bindings>('first')
  const second = server.getWorker<Bindings>('second')
  await first.applyD1Migrations('DB')
  const env = await first.getEnv()

  const issued: string[] = []

  /** What no log, no KV entry, no key and no audit row may hold. */
  const isPersonal = (text: string) =>
    [CANARY.name, CANARY.ssn, CANARY.ssn.replaceAll('-', ''), ...issued].some((canary) =>
      text.includes(canary),
    )

  /** Passes an answer on if it holds no plain SSN and, being a refusal, nobody's name. */
  async function inspected<Answer extends { status: number; clone(): { text(): Promise<string> } }>(
    answer: Promise<Answer>,
  ): Promise<Answer> {
    const received = await answer
    const body = await received.clone().text()
    const isRecord = received.status < 400
    if (isPersonal(isRecord ? body.replaceAll(CANARY.name, '') : body)) {
      throw new Error(`an answer with status ${received.status} holds a canary`)
    }
    return received
  }

  async function expectNoCanary() {
    const { keys } = await env.TOKENS.list()
    const values = await Promise.all(keys.map(({ name }) => env.TOKENS.get(name)))
    const rows = await env.DB.batch([
      env.DB.prepare('SELECT * FROM audit_events'),
      env.DB.prepare('SELECT * FROM idempotency_keys'),
    ])
    const places = { logs: server.getLogs(), kv: [keys, values], rows: rows.map((r) => r.results) }
    for (const [place, held] of Object.entries(places)) {
      if (isPersonal(JSON.stringify(held))) throw new Error(`a canary is in ${place}`)
    }
  }

  /** Issues a token whose record is `record` on top of one that may do everything. */
  async function token(record: Partial<TokenRecord> & { clinic_id: string }) {
    const minted = mintToken()
    await issue(minted, record)
    return minted
  }

  /** Puts the record of a token into KV, or another in its place. */
  async function issue(minted: string, record: Partial<TokenRecord> & { clinic_id: string }) {
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
  async function fetch(path: string, init?: RequestOptions, isolate = first) {
    const answer = await inspected(isolate.fetch(path, init))
    await checkAgainstDocument(init?.method ?? 'GET', path, answer)
    return answer
  }
  type RequestOptions = Parameters<typeof first.fetch>[1]

  /** Calls the API below its base path; `isolate` tells which of the two Workers answers. */
  function call(
    method: string,
    path: string,
    {
      token,
      body,
      headers = {},
      isolate = first,
    }: {
      token?: string
      body?: unknown
      headers?: Record<string, string>
      isolate?: typeof first
    } = {},
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
    env,
    ssnKey,
    second,
    call,
    token,
    issue,
    fetch,
    /** Where the first isolate listens, for those who come by the network. */
    origin: url.origin,
    logs: () => server.getLogs(),
    /** The first line of the log that is `wanted`, which may be yet to come. */
    async logLine(wanted: (text: string) => boolean) {
      for (let waited = 0; waited < 100; waited++) {
        const line = server.getLogs().find(({ message }) => wanted(String(message)))
        if (line) return String(line.message)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      return undefined
    },
    /** Runs what the cron trigger runs. */
    sweep: () => first.scheduled({ cron: '17 * * * *' }),
    /** Looks for canaries where none may be, and stops. */
    async close() {
      await expectNoCanary()
      await server.close()
    },

    /** A new clinic with a token of every scope and the calls it makes. */
    async clinic() {
      const clinicId = `clinic-${++made}`
      const own = await token({ clinic_id: clinicId })
      let ownablesMade = 1000
      return {
        clinicId,
        token: own,
        get: (path: string, headers = {}) => call('GET', path, { token: own, headers }),
        put: (path: string) => call('PUT', path, { token: own }),
        post: (path: string, body: unknown, headers = {}) =>
          call('POST', path, { token: own, body, headers }),
        /** Registers an ownable and gives its id. */
        async ownable(type = 'Patient', id = ++ownablesMade) {
          await env.DB.prepare('INSERT INTO ownables VALUES (?, ?, ?, ?)')
            .bind(clinicId, type, id, new Date().toISOString())
            .run()
          return id
        },
      }
    },

    /** Upserts plans and serves the catalogue they make. */
    async publish(plans: CataloguePlan[]) {
      const db = databaseOf(env, 'first-primary')
      await upsertPlans(db, plans)
      return publishCatalogue(env.TOKENS, db.bookmark())
    },
  }
}
