import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseOf, type Session } from '../../db/session.ts'
import type { Bindings } from '../../factory.ts'
import { Failure } from '../terminal/failure.ts'
import type { LocalChoice, RemoteChoice, StoreChoice } from './choice.ts'
import { applyMigrations, missingMigrations } from './migrations.ts'
import { deployed, type Configuration } from './wrangler-toml.ts'
import { runWrangler } from './wrangler.ts'

export type Store = {
  db: Session
  kv: KVNamespace
  close: () => Promise<void>
}

/** A step writes hundreds of rows, and no client is waiting for it. */
const STEP_MILLISECONDS = 30_000

/** Does `work` on the store, which must be migrated. Throws Failure. */
export async function withStore<Result>(
  choice: StoreChoice,
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openStore(choice)
  try {
    if ((await missingMigrations(store.db)).length > 0) {
      throw new Failure(
        `the store lacks migrations: run \`npm run clinic -- setup ${choice.flags}\``,
      )
    }
    return await work(store)
  } finally {
    await store.close()
  }
}

/** Opens a local store and applies the migrations that it lacks. */
export async function openMigrated(
  choice: LocalChoice,
): Promise<{ store: Store; applied: string[] }> {
  const store = await openStore(choice)
  const missing = await missingMigrations(store.db)
  if (missing.length === 0) return { store, applied: [] }

  await store.close()
  await runWrangler(applyMigrations(choice))
  return { store: await openStore(choice), applied: missing }
}

/** Opens the same D1 and KV that `wrangler dev` or the deployed Worker uses. Throws Failure. */
export const openStore = (choice: StoreChoice) =>
  choice.place === 'remote' ? openRemote(choice) : openLocal(choice)

const storeOf = (env: Bindings, close: () => Promise<void>): Store => ({
  db: databaseOf(env, 'first-primary', STEP_MILLISECONDS),
  kv: env.TOKENS,
  close,
})

/** Miniflare, on the files of `wrangler dev`. Opening them through wrangler takes twice the memory. */
async function openLocal({ state, config }: LocalChoice): Promise<Store> {
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
  return storeOf(await miniflare.getBindings<Bindings>(), () => miniflare.dispose())
}

/** The databases and namespaces of a configuration, as Miniflare binds them. */
export const storageOf = ({ d1_databases, kv_namespaces }: Configuration) => ({
  ...Object.fromEntries(
    d1_databases.map(({ binding, database_id: id }) => [binding, { type: 'd1' as const, id }]),
  ),
  ...Object.fromEntries(
    kv_namespaces.map(({ binding, id }) => [binding, { type: 'kv' as const, id }]),
  ),
})

/** Wrangler, which reaches the D1 and KV of bindings marked `remote`: a copy of the configuration marks them. */
async function openRemote({ env, config, flags }: RemoteChoice): Promise<Store> {
  const { databaseId, namespaceId } = deployed(config)
  if (databaseId === undefined || namespaceId === undefined) {
    throw new Failure(`${env} does not exist yet: run \`npm run clinic -- setup ${flags}\``)
  }
  const { name, account_id, compatibility_date, d1_databases, kv_namespaces } = config
  const folder = await mkdtemp(join(tmpdir(), 'clinic-'))
  const configPath = join(folder, 'wrangler.json')
  try {
    await writeFile(
      configPath,
      JSON.stringify({
        name,
        account_id,
        compatibility_date,
        d1_databases: d1_databases.map((database) => ({ ...database, remote: true })),
        kv_namespaces: kv_namespaces.map((namespace) => ({ ...namespace, remote: true })),
      }),
    )
    // Its progress would go to stdout, among what was asked for.
    process.env.WRANGLER_LOG = 'error'
    const { getPlatformProxy } = await import('wrangler')
    const options = { configPath, persist: false, remoteBindings: true }
    const proxy = await getPlatformProxy<Bindings>(options)
    return storeOf(proxy.env, proxy.dispose)
  } catch {
    throw new Failure(
      `${env} cannot be reached: sign in with \`npx wrangler login\` or set CLOUDFLARE_API_TOKEN, then try again`,
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}
