import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { Miniflare } from 'miniflare'
import { unstable_readConfig, unstable_splitSqlQuery } from 'wrangler'
import { CONFIG, PROJECT } from '../support/project.ts'
import type { Bindings } from '../../src/env.ts'
import { databaseOf } from '../../src/storage/session.ts'
import { TOKEN_POLICY } from '../../src/http/headers.ts'
import { publishPlans } from '../../src/operator/publish-plans.ts'
import { makeSsnKeyPair } from '../../src/operator/ssn.ts'
import { SCOPES } from '../../src/tokens/record.ts'
import { mintToken, tokenKey } from '../../src/tokens/token.ts'
import { AMENDED } from './endpoints.ts'
import { clinicOf, DELETIONS, fill, fillClinic, ladder, manyPlans, NOW, TO_DELETE } from './fill.ts'

const run = promisify(execFile)

/** The Workers under measurement; the service itself appears bare of, and behind, instruments. */
const WORKERS = {
  service: 'dist/index.js',
  bare: 'test/bench/workers/bare/index.ts',
  twin: 'test/bench/workers/twin.ts',
  counting: 'test/bench/workers/counting.ts',
} as const
export type WorkerName = keyof typeof WORKERS
const NAMES = ['service', 'bare', 'twin', 'counting'] as const

/** As production has it. */
const TOKEN_MEMORY_SECONDS = '10'

const RATE_LIMIT = {
  type: 'rate-limit' as const,
  namespace: 'token',
  simple: { limit: TOKEN_POLICY.limit, period: 60 as const },
}

const COMPATIBILITY_DATE = unstable_readConfig({ config: CONFIG }).compatibility_date ?? ''

/** A running workerd with every Worker on a socket of its own, over databases on disk. */
export type Site = {
  url: (worker: WorkerName) => string
  /** The latest token of a clinic. */
  token: (clinicId: string) => string
  /** Gives a clinic a token that no Worker has seen. */
  renewToken: (clinicId: string) => Promise<void>
  /** Where the runtime's inspector shows a Worker's isolate. */
  inspector: (worker: WorkerName) => string
  /** Numbers the calls that can't be made twice: 0, 1, 2 … of each name. */
  next: (name: string) => number
  service: D1Database
  /** A migrated database without rows, and its own KV. */
  empty: { DB: D1Database; TOKENS: KVNamespace }
  /** Where the databases are. */
  folder: string
  close: () => Promise<void>
}

/**
 * Builds the Workers, starts them and fills their databases; `progress` tells the share that is done. `isLimited` gives
 * each token its rate, which a bench would only run into.
 */
export async function openSite(
  records: number,
  progress: (share: number) => void = () => {},
  names: readonly WorkerName[] = NAMES,
  isLimited = false,
): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'clinic-bench-'))
  const remove = () => rm(folder, { recursive: true })
  try {
    const ssnKey = await makeSsnKeyPair()
    const bundles = new Map<WorkerName, string>()
    for (const name of names) bundles.set(name, await bundle(name, WORKERS[name], folder))

    // The inspector of workerd collects no garbage by itself.
    process.env.MINIFLARE_WORKERD_V8_FLAGS = '--expose-gc'
    const miniflare = new Miniflare({
      resourcePersistencePath: folder,
      inspectorPort: 0,
      // The Workers log a line a request; it is written, and read by nobody.
      handleStructuredLogs: ({ level, message }) => level === 'error' && console.error(message),
      workers: names.map((name) => ({
        config: {
          name,
          compatibilityDate: COMPATIBILITY_DATE,
          manifest: {
            mainModule: 'index.js',
            modules: { 'index.js': { type: 'esm' as const, contents: bundles.get(name) ?? '' } },
          },
          env: {
            SSN_PUBLIC_KEY: text(ssnKey.publicKey),
            TOKEN_MEMORY_SECONDS: text(TOKEN_MEMORY_SECONDS),
            DB: { type: 'd1' as const, id: name === 'twin' ? 'twin' : 'service' },
            TWIN: { type: 'd1' as const, id: 'twin' },
            TOKENS: { type: 'kv' as const, id: 'tokens' },
            EMPTY: { type: 'd1' as const, id: 'empty' },
            EMPTY_TOKENS: { type: 'kv' as const, id: 'empty' },
            ...(isLimited && { TOKEN_RATE_LIMIT: RATE_LIMIT }),
          },
        },
        // Past Miniflare's own entry Worker, so that nothing but the Worker is measured.
        dev: { unsafeDirectSockets: [{ host: '127.0.0.1' }] },
      })),
    })
    await miniflare.ready
    // Other workerds that this process starts run without it.
    delete process.env.MINIFLARE_WORKERD_V8_FLAGS

    type All = Bindings & { TWIN: D1Database; EMPTY: D1Database; EMPTY_TOKENS: KVNamespace }
    const { DB, TWIN, TOKENS, EMPTY, EMPTY_TOKENS } = await miniflare.getBindings<All>('service')
    await migrate(EMPTY)
    // The service's last, since it is its version of the catalogue that is served.
    if (names.includes('twin')) {
      await prepare(TWIN, TOKENS, records, (share) => progress(share / 2))
      await TWIN.exec('CREATE INDEX twin_plans ON plans (carrier_folded, plan_type_folded)')
    }
    await prepare(DB, TOKENS, records, (share) => progress((1 + share) / 2))
    const urls = new Map<WorkerName, string>()
    for (const name of names) urls.set(name, (await miniflare.unsafeGetDirectURL(name)).origin)
    const inspector = await miniflare.getInspectorURL()
    const tokens = new Map<string, string>()
    const numbers = new Map<string, number>()
    const site: Site = {
      url: (worker) => urls.get(worker) ?? '',
      token: (clinicId) => tokens.get(clinicId) ?? '',
      renewToken: async (clinicId) => void tokens.set(clinicId, await issue(TOKENS, clinicId)),
      inspector: (worker) => new URL(`/core:user:${worker}`, inspector).href,
      next(name) {
        const n = numbers.get(name) ?? 0
        numbers.set(name, n + 1)
        return n
      },
      service: DB,
      empty: { DB: EMPTY, TOKENS: EMPTY_TOKENS },
      folder,
      close: async () => {
        await miniflare.dispose()
        await remove()
      },
    }
    const clinics = ladder(records).map(clinicOf)
    for (const clinicId of [...clinics, DELETIONS]) await site.renewToken(clinicId)
    for (const clinicId of clinics) await amendOne(site, clinicId)
    return site
  } catch (error) {
    await remove()
    throw error
  }
}

const A_MINUTE = 60_000
/** A session whose batches may take as long as publishing does. */
export const primaryOf = (DB: D1Database) => databaseOf({ DB }, 'first-primary', A_MINUTE)
const text = (value: string) => ({ type: 'text' as const, value })

/** The bundle of a Worker: the service's as it ships, the others made in the same way. */
async function bundle(name: WorkerName, entry: string, folder: string): Promise<string> {
  if (name === 'service') return await readFile(join(PROJECT, entry), 'utf8')
  const config = join(folder, `${name}.json`)
  const main = join(PROJECT, entry)
  await writeFile(config, JSON.stringify({ name, main, compatibility_date: COMPATIBILITY_DATE }))
  const wrangler = join(PROJECT, 'node_modules/wrangler/bin/wrangler.js')
  const options = ['--dry-run', '--minify', '--config', config, '--outdir', join(folder, name)]
  await run(process.execPath, [wrangler, 'deploy', ...options], { cwd: PROJECT })
  return await readFile(join(folder, name, basename(entry).replace('.ts', '.js')), 'utf8')
}

async function migrate(database: D1Database): Promise<void> {
  const folder = join(PROJECT, 'migrations')
  for (const file of (await readdir(folder)).sort()) {
    const statements = unstable_splitSqlQuery(await readFile(join(folder, file), 'utf8'))
    await database.batch(statements.map((statement) => database.prepare(statement)))
  }
}

/** Migrates and fills a database, after its plans, which say when they were made in both databases alike. */
async function prepare(
  database: D1Database,
  tokens: KVNamespace,
  records: number,
  progress: (share: number) => void,
): Promise<void> {
  await migrate(database)
  await publishPlans(primaryOf(database), tokens, manyPlans())
  await database.exec(`UPDATE plans SET created_at = '${NOW}', updated_at = '${NOW}'`)
  await fill(database, records, progress)
  await fillClinic(database, DELETIONS, TO_DELETE)
}

/** Gives one record of a clinic a history, which leaves what it says as it was. */
async function amendOne(site: Site, clinicId: string): Promise<void> {
  const url = `${site.url('service')}/v1/clinic/insurances/person_informations/${AMENDED}`
  const headers = { 'X-User-Token': site.token(clinicId), 'Content-Type': 'application/json' }
  const before = await (await fetch(url, { headers })).text()
  const { phone } = JSON.parse(before)
  for (const said of [null, '+1-202-555-0199', phone]) {
    const body = JSON.stringify({ person_information: { phone: said } })
    const { ok } = await fetch(url, { method: 'PATCH', headers, body })
    if (!ok) throw new Error('a record could not be amended')
  }
}

async function issue(kv: KVNamespace, clinicId: string): Promise<string> {
  const token = mintToken()
  const record = {
    clinic_id: clinicId,
    label: 'bench',
    scopes: SCOPES,
    created_at: new Date().toISOString(),
    expires_at: null,
    revoked_at: null,
  }
  await kv.put(await tokenKey(token), JSON.stringify(record))
  return token
}
