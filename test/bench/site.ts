import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { Miniflare } from 'miniflare'
import { unstable_readConfig, unstable_splitSqlQuery } from 'wrangler'
import { CONFIG, PROJECT } from '../support/project.ts'
import type { Bindings } from '../../src/factory.ts'
import { publishCatalogue } from '../../src/plans/publish.ts'
import { makeSsnKeyPair } from '../../src/ssn/open.ts'
import { SCOPES } from '../../src/tokens/record.ts'
import { mintToken, tokenKey } from '../../src/tokens/token.ts'
import { clinicOf, fill, ladder } from './fill.ts'

const run = promisify(execFile)

/** The Workers under measurement; the service itself appears bare of, and behind, instruments. */
const WORKERS = {
  service: 'src/index.ts',
  bare: 'test/bench/workers/bare.ts',
  twin: 'test/bench/workers/twin.ts',
  counted: 'test/support/instrumented.ts',
  distant: 'test/bench/workers/distant.ts',
} as const
export type WorkerName = keyof typeof WORKERS
const NAMES = ['service', 'bare', 'twin', 'counted', 'distant'] as const

/** What a clinic an ocean away from the database feels, in milliseconds a call. */
export const D1_DELAY = 80
export const KV_DELAY = 5

/** As production has it. What is counted, and what is far away, asks KV each time: the worst case. */
const TOKEN_MEMORY_SECONDS = '10'

/** A running workerd with every Worker on a socket of its own, over databases on disk. */
export type Site = {
  url: (worker: WorkerName) => string
  /** A token of the clinic that has this many person informations. */
  token: (records: number) => string
  /** The twin's database, to count what its queries read. */
  twin: D1Database
  close: () => Promise<void>
}

/** Builds the Workers, starts them and fills their databases; `progress` tells the share that is done. */
export async function openSite(records: number, progress: (share: number) => void): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'clinic-bench-'))
  const remove = () => rm(folder, { recursive: true })
  try {
    const ssnKey = await makeSsnKeyPair()
    const bundles = new Map<WorkerName, string>()
    for (const name of NAMES) bundles.set(name, await bundle(WORKERS[name], folder))
    const { compatibility_date } = unstable_readConfig({ config: CONFIG })

    const miniflare = new Miniflare({
      resourcePersistencePath: folder,
      // The Workers log a line a request; it is written, and read by nobody.
      handleStructuredLogs: ({ level, message }) => level === 'error' && console.error(message),
      workers: NAMES.map((name) => ({
        config: {
          name,
          compatibilityDate: compatibility_date ?? '',
          manifest: {
            mainModule: 'index.js',
            modules: { 'index.js': { type: 'esm' as const, contents: bundles.get(name) ?? '' } },
          },
          env: {
            SSN_PUBLIC_KEY: text(ssnKey.publicKey),
            ...(name === 'service' || name === 'bare'
              ? { TOKEN_MEMORY_SECONDS: text(TOKEN_MEMORY_SECONDS) }
              : { D1_DELAY: number(D1_DELAY), KV_DELAY: number(KV_DELAY) }),
            DB: { type: 'd1' as const, id: name === 'twin' ? 'twin' : 'service' },
            TOKENS: { type: 'kv' as const, id: 'tokens' },
          },
        },
        // Past Miniflare's own entry Worker, so that nothing but the Worker is measured.
        dev: { unsafeDirectSockets: [{ host: '127.0.0.1' }] },
      })),
    })
    await miniflare.ready

    const { DB: service, TOKENS } = await miniflare.getBindings<Bindings>('service')
    const { DB: twin } = await miniflare.getBindings<Bindings>('twin')
    await migrate(service)
    await migrate(twin)
    await twin.batch([
      twin.prepare('CREATE INDEX twin_persons ON person_informations (clinic_id)'),
      twin.prepare('CREATE INDEX twin_dependents ON dependents (clinic_id)'),
    ])
    await fill(service, records, (share) => progress(share / 2))
    await fill(twin, records, (share) => progress((1 + share) / 2))

    const session = service.withSession('first-primary')
    await session.prepare('SELECT 1').run()
    await publishCatalogue(TOKENS, session.getBookmark() ?? '')
    const tokens = new Map<number, string>()
    for (const size of ladder(records)) tokens.set(size, await issue(TOKENS, clinicOf(size)))

    const urls = new Map<WorkerName, string>()
    for (const name of NAMES) urls.set(name, (await miniflare.unsafeGetDirectURL(name)).origin)
    return {
      url: (worker) => urls.get(worker) ?? '',
      token: (size) => tokens.get(size) ?? '',
      twin,
      close: async () => {
        await miniflare.dispose()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}

const text = (value: string) => ({ type: 'text' as const, value })
const number = (value: number) => ({ type: 'json' as const, value })

/** The bundle of a Worker, made as the service's own is for production. */
async function bundle(entry: string, folder: string): Promise<string> {
  const wrangler = join(PROJECT, 'node_modules/wrangler/bin/wrangler.js')
  const options = ['--dry-run', '--minify', '--outdir', folder]
  await run(process.execPath, [wrangler, 'deploy', entry, ...options], { cwd: PROJECT })
  return await readFile(join(folder, basename(entry).replace('.ts', '.js')), 'utf8')
}

async function migrate(database: D1Database): Promise<void> {
  const folder = join(PROJECT, 'migrations')
  for (const file of (await readdir(folder)).sort()) {
    const statements = unstable_splitSqlQuery(await readFile(join(folder, file), 'utf8'))
    await database.batch(statements.map((statement) => database.prepare(statement)))
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
