import { access, constants, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseOf, type Session } from '../../storage/session.ts'
import type { Bindings } from '../../env.ts'
import { Failure } from '../terminal/failure.ts'
import type { LocalEnvironment, RemoteEnvironment, Environment } from './choose.ts'
import { clockLead } from './clock.ts'
import { findIds } from './ids.ts'
import { applyMigrations, compareMigrations, missingMigrations } from './migrations.ts'
import { leaveDeed, operatorOf, type OperatorDeed } from './operator.ts'
import { deployed, type Configuration } from './wrangler-toml.ts'
import { runWrangler } from './wrangler.ts'

export type Store = {
  environment: Environment
  db: Session
  kv: KVNamespace
  /** Where the trail is sealed, if the configuration has a bucket for it. */
  bucket: R2Bucket | undefined
  /** Who works on it, as the trail has it in the place of a token. */
  operator: () => Promise<string>
  /** Leaves in the trail what the operator did. */
  leave: (deed: OperatorDeed) => Promise<void>
  close: () => Promise<void>
}

/** A step writes hundreds of rows, and no client is waiting for it. */
const STEP_MILLISECONDS = 30_000

/** Does `work` on the store, which must be migrated. Throws Failure. */
export async function withStore<Result>(
  environment: Environment,
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openStore(environment)
  try {
    if ((await missingMigrations(store.db)).length > 0) {
      throw new Failure(
        `the store lacks migrations: run \`npm run clinic -- setup ${environment.flags}\``,
      )
    }
    return await work(store)
  } finally {
    await store.close()
  }
}

/** Opens a store and applies the migrations that it lacks. */
export async function openMigrated(
  environment: Environment,
): Promise<{ store: Store; applied: string[] }> {
  const store = await openStore(environment)
  const missing = await missingMigrations(store.db)
  if (missing.length === 0) return { store, applied: [] }

  await store.close()
  await runWrangler(applyMigrations(environment))
  return { store: await openStore(environment), applied: missing }
}

/** Applies all migrations to a store that has none yet; another one stays as it is. */
export async function migrateNew(environment: Environment): Promise<void> {
  const store = await openStore(environment)
  const { isNew } = await compareMigrations(store.db).finally(store.close)
  if (isNew) await runWrangler(applyMigrations(environment))
}

/** Opens the same D1 and KV that `wrangler dev` or the deployed Worker uses. Throws Failure. */
export const openStore = (environment: Environment) =>
  environment.place === 'remote' ? openRemote(environment) : openLocal(environment)

function storeOf(environment: Environment, env: Bindings, close: () => Promise<void>): Store {
  const db = databaseOf(env, 'first-primary', STEP_MILLISECONDS)
  let known: Promise<string> | undefined
  const operator = () => (known ??= operatorOf(environment))
  let lead: Promise<number> | undefined
  // What is older than ten minutes is sealed: a wrong clock here must not add to that.
  const now = async () => Date.now() - (await (lead ??= clockLead(db)))
  const leave = async (deed: OperatorDeed) => leaveDeed(db, await operator(), await now(), deed)
  return { environment, db, kv: env.TOKENS, bucket: env.TRAIL, operator, leave, close }
}

/** Miniflare, on the files of `wrangler dev`. Opening them through wrangler takes twice the memory. */
async function openLocal(environment: LocalEnvironment): Promise<Store> {
  const { state, config } = environment
  // Where it may not write, Miniflare waits for ever.
  await mkdir(join(state, 'v3'), { recursive: true })
  await access(join(state, 'v3'), constants.R_OK | constants.W_OK | constants.X_OK)
  const { Miniflare } = await import('miniflare')
  const miniflare = new Miniflare({
    resourcePersistencePath: join(state, 'v3'),
    workers: [
      {
        config: {
          name: 'store',
          compatibilityDate: config.compatibility_date,
          manifest: {
            mainModule: 'index.mjs',
            modules: { 'index.mjs': { type: 'esm', contents: 'export default {}' } },
          },
          env: storageOf(config),
        },
      },
    ],
  })
  return storeOf(environment, await miniflare.getBindings<Bindings>(), () => miniflare.dispose())
}

/** The databases, namespaces and buckets of a configuration, as Miniflare binds them; wrangler names them likewise. */
export const storageOf = ({ d1_databases, kv_namespaces, r2_buckets }: Configuration) => ({
  ...Object.fromEntries(
    d1_databases.map(({ binding, database_id: id = binding }) => [
      binding,
      { type: 'd1' as const, id },
    ]),
  ),
  ...Object.fromEntries(
    kv_namespaces.map(({ binding, id = binding }) => [binding, { type: 'kv' as const, id }]),
  ),
  ...Object.fromEntries(
    r2_buckets.map(({ binding, bucket_name: name }) => [binding, { type: 'r2' as const, name }]),
  ),
})

/** Wrangler, which reaches the D1, KV and R2 of bindings marked `remote`: a copy of the configuration marks them. */
async function openRemote(environment: RemoteEnvironment): Promise<Store> {
  const { env, config, flags } = environment
  const setUp = `run \`npm run clinic -- setup ${flags}\``
  if (!deployed(config).ssnPublicKey) throw new Failure(`${env} does not exist yet: ${setUp}`)
  const { databaseId, namespaceId } = await findIds(environment)
  if (databaseId === undefined || namespaceId === undefined) {
    throw new Failure(`${env} was never deployed: ${setUp}`)
  }
  const { name, account_id, compatibility_date, d1_databases, kv_namespaces, r2_buckets } = config
  const folder = await mkdtemp(join(tmpdir(), 'clinic-'))
  const configPath = join(folder, 'wrangler.json')
  try {
    await writeFile(
      configPath,
      JSON.stringify({
        name,
        account_id,
        compatibility_date,
        d1_databases: d1_databases.map((one) => ({
          ...one,
          database_id: databaseId,
          remote: true,
        })),
        kv_namespaces: kv_namespaces.map((one) => ({ ...one, id: namespaceId, remote: true })),
        r2_buckets: r2_buckets.map((one) => ({ ...one, remote: true })),
      }),
    )
    // Its progress would go to stdout, among what was asked for.
    process.env.WRANGLER_LOG = 'error'
    const { getPlatformProxy } = await import('wrangler')
    const options = { configPath, persist: false, remoteBindings: true }
    const proxy = await getPlatformProxy<Bindings>(options)
    return storeOf(environment, proxy.env, proxy.dispose)
  } catch (error) {
    throw new Failure(`${env} cannot be reached: ${whyUnreachable(error)}`)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** What wrangler says of an account, a network or a configuration. */
function whyUnreachable(error: unknown): string {
  const said = error instanceof Error ? error.message.trim() : ''
  return said === '' || /log ?in|CLOUDFLARE_API_TOKEN|authenticat/i.test(said)
    ? 'sign in with `npx wrangler login` or set CLOUDFLARE_API_TOKEN, then try again'
    : said.slice(0, 500)
}
