import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseOf, type Session } from '../db/session.ts'
import type { Bindings } from '../factory.ts'
import { readConfiguration, readEnvironment, type Configuration } from './configuration.ts'
import { Failure } from './failure.ts'
import { checkChoice, choiceFlags, PROJECT, stateFolder, type StoreChoice } from './store.ts'

export type Store = {
  db: Session
  kv: KVNamespace
  close: () => Promise<void>
}

/** A step writes hundreds of rows, and who waits for it has no client waiting. */
const STEP_MILLISECONDS = 30_000

/** Does `work` on the store that is asked for, which must be migrated. Throws Failure and Misuse. */
export async function withStore<Result>(
  choice: StoreChoice,
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openStore(choice)
  try {
    const missing = await missingMigrations(store.db)
    if (missing.length > 0) {
      throw new Failure(
        `the store is not migrated: run \`npm run clinic -- setup ${choiceFlags(choice)}\``,
      )
    }
    return await work(store)
  } finally {
    await store.close()
  }
}

/** Opens the very D1 and KV that a local `wrangler dev` or the deployed Worker uses. Throws Misuse. */
export async function openStore(choice: StoreChoice): Promise<Store> {
  checkChoice(choice)
  const { env, dispose } = choice.remote ? await openRemote(choice) : await openLocal(choice)
  return {
    db: databaseOf(env, 'first-primary', STEP_MILLISECONDS),
    kv: env.TOKENS,
    close: dispose,
  }
}

/** The names of the migrations that the database has not seen. */
export async function missingMigrations(db: Session): Promise<string[]> {
  const files = (await readdir(join(PROJECT, 'migrations'))).filter((name) => name.endsWith('.sql'))
  const [tables] = await db.batch([
    db.prepare("SELECT name FROM sqlite_master WHERE name = 'd1_migrations'"),
  ])
  if (tables?.results.length === 0) return files
  const [applied] = await db.batch<{ name: string }>([db.prepare('SELECT name FROM d1_migrations')])
  const names = new Set(applied?.results.map(({ name }) => name))
  return files.filter((file) => !names.has(file))
}

type Opened = { env: Bindings; dispose: () => Promise<void> }

/** Miniflare, on the files that `wrangler dev` uses. Wrangler's own way to it takes twice the memory. */
async function openLocal(choice: StoreChoice): Promise<Opened> {
  const config = await readConfiguration(choice, choice.env)
  // It takes a moment to load, which `--help` and the offline commands need not wait for.
  const { Miniflare } = await import('miniflare')
  const miniflare = new Miniflare({
    resourcePersistencePath: join(stateFolder(choice), 'v3'),
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
  return {
    env: await miniflare.getBindings<Bindings>(),
    dispose: () => miniflare.dispose(),
  }
}

/** The databases and namespaces of a configuration, as Miniflare binds them. */
export const storageOf = ({
  d1_databases,
  kv_namespaces,
}: Pick<Configuration, 'd1_databases' | 'kv_namespaces'>) => ({
  ...Object.fromEntries(
    d1_databases.map(({ binding, database_id }) => [
      binding,
      { type: 'd1' as const, id: database_id },
    ]),
  ),
  ...Object.fromEntries(
    kv_namespaces.map(({ binding, id }) => [binding, { type: 'kv' as const, id }]),
  ),
})

/** Wrangler reaches remote D1 and KV for bindings marked `remote`; a copy of the configuration marks them. */
async function openRemote(choice: StoreChoice): Promise<Opened> {
  const { env, databaseId, namespaceId } = await readEnvironment(choice)
  if (databaseId === undefined || namespaceId === undefined) {
    throw new Failure(
      `${env} does not exist yet: run \`npm run clinic -- setup --remote --env ${env}\``,
    )
  }
  const { name, account_id, compatibility_date, d1_databases, kv_namespaces } =
    await readConfiguration(choice, env)
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
    return await getPlatformProxy<Bindings>({ configPath, persist: false, remoteBindings: true })
  } catch {
    throw new Failure(
      `${env} cannot be reached: sign in with \`npx wrangler login\` or set CLOUDFLARE_API_TOKEN, then try again`,
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}
