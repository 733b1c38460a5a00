import { randomUUID } from 'node:crypto'
import { access, constants, mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import type { Bindings } from '../../env.ts'
import type { AuditEvent } from '../../http/describe.ts'
import { NO_CLINIC } from '../../fields/clinic-id.ts'
import { databaseOf, type Session } from '../../storage/session.ts'
import { changedRows } from '../../storage/statement.ts'
import { appendAccess } from '../../trail/access.ts'
import { Failure } from '../terminal/failure.ts'
import { setUpLine } from './choose.ts'
import type { Environment, LocalEnvironment, RemoteEnvironment } from './choose.ts'
import { applyMigrations, compareMigrations } from './migrations.ts'
import { deployed, type Configuration } from './wrangler-toml.ts'
import { askWrangler, runWrangler } from './wrangler.ts'

export type Store = ReturnType<typeof storeOf>

const SIGN_IN =
  'sign in with `npx wrangler login`, or set CLOUDFLARE_API_TOKEN to a token with the permissions that src/cli/README.md lists'

/** Long, since a step writes hundreds of rows and no client is waiting. */
const STEP_MILLISECONDS = 30_000

/** Which stores get their missing migrations. */
type Migratable = 'any' | 'new' | 'none'

/** Opens the store, does `work` on it, and closes it. Throws Failure. */
export async function withStore<Result>(
  environment: Environment,
  work: (store: Store) => Promise<Result>,
  migratable: Migratable = 'none',
): Promise<Result> {
  const { store } = await openMigrated(environment, migratable)
  return await work(store).finally(store.close)
}

/** Opens a store and applies its missing migrations. Throws Failure if some are missing that it may not apply. */
export async function openMigrated(environment: Environment, migratable: Migratable = 'any') {
  const store = await openStore(environment)
  const { missing, isNew } = await compareMigrations(store.db).catch(async (error: unknown) => {
    await store.close()
    throw error
  })
  if (missing.length === 0) return { store, applied: missing }

  await store.close()
  if (migratable === 'none' || (migratable === 'new' && !isNew)) {
    throw new Failure(`the store lacks migrations: ${setUpLine(environment)}`)
  }
  await runWrangler(applyMigrations(environment))
  return { store: await openStore(environment), applied: missing }
}

/** Opens the same D1 and KV that `wrangler dev` or the deployed Worker uses. Throws Failure. */
export const openStore = (environment: Environment) =>
  environment.place === 'remote' ? openRemote(environment) : openLocal(environment)

function storeOf(environment: Environment, env: Bindings, close: () => Promise<void>) {
  const { TOKENS: kv, TRAIL: bucket } = env
  const db = databaseOf(env, 'first-primary', STEP_MILLISECONDS)
  let cached: Promise<string> | undefined
  const operator = () => (cached ??= operatorOf(environment))
  const leave = async (event: OperatorEvent) => leaveEvent(db, await operator(), event)
  return { environment, db, kv, bucket, operator, leave, close }
}

const account = z.object({ email: z.string() })

/**
 * The operator, whom the trail names in place of a token's id: the name given with `--as`, or the email of the
 * Cloudflare account, or the user of this machine.
 */
async function operatorOf({ place, options: { as } }: Environment): Promise<string> {
  if (as !== undefined) return `operator:${as}`
  if (place === 'local') return `operator:${userInfo().username}`
  const found = await askWrangler(account, ['whoami', '--json']).catch(() => undefined)
  return `operator:${found?.email ?? userInfo().username}`
}

/** What the operator did. `ids` are ranges of record ids, or a token's id. */
type OperatorEvent = AuditEvent & { clinicId?: string; ids?: string }

export async function leaveEvent(db: Session, tokenId: string, event: OperatorEvent) {
  // Use the database's clock: rows older than ten minutes are sealed, so a wrong local clock must not backdate one.
  const clock = db.prepare("SELECT unixepoch('subsec') * 1000 AS now")
  const [answer] = await db.batch<{ now: number }>([clock])
  const at = new Date(answer?.results[0]?.now ?? Date.now()).toISOString()
  const access = { ...event, tokenId, at, requestId: randomUUID(), status: 200 }
  await changedRows(db, appendAccess, { clinicId: NO_CLINIC, ids: '', ...access })
}

/** Opens the files of `wrangler dev` with Miniflare: wrangler itself would take twice the memory. */
async function openLocal(environment: LocalEnvironment): Promise<Store> {
  const { state, config } = environment
  const resourcePersistencePath = join(state, 'v3')
  // Miniflare hangs if it may not write there.
  await mkdir(resourcePersistencePath, { recursive: true })
  await access(resourcePersistencePath, constants.R_OK | constants.W_OK | constants.X_OK)
  const { Miniflare } = await import('miniflare')
  const modules = { 'index.mjs': { type: 'esm' as const, contents: 'export default {}' } }
  const worker = {
    name: 'store',
    compatibilityDate: config.compatibility_date,
    manifest: { mainModule: 'index.mjs', modules },
    env: storageOf(config),
  }
  const miniflare = new Miniflare({ resourcePersistencePath, workers: [{ config: worker }] })
  return storeOf(environment, await miniflare.getBindings<Bindings>(), () => miniflare.dispose())
}

/** A configuration's databases, namespaces and buckets as Miniflare's bindings, with the ids that wrangler uses. */
export const storageOf = ({ d1_databases, kv_namespaces, r2_buckets }: Configuration) =>
  Object.fromEntries([
    ...d1_databases.map(
      ({ binding, database_id: id = binding }) => [binding, { type: 'd1', id }] as const,
    ),
    ...kv_namespaces.map(({ binding, id = binding }) => [binding, { type: 'kv', id }] as const),
    ...r2_buckets.map(({ binding, bucket_name: name }) => [binding, { type: 'r2', name }] as const),
  ])

const databaseList = z.array(z.object({ name: z.string(), uuid: z.string() }))
const namespaceList = z.array(z.object({ title: z.string(), id: z.string() }))

/**
 * Finds the ids of an environment's database and namespace. wrangler.toml may leave them out: then they are undefined
 * until the first deployment has created them. Throws Failure.
 */
export async function findIds({ config, file }: RemoteEnvironment) {
  const [database] = config.d1_databases
  const [namespace] = config.kv_namespaces
  const ask = async <Value>(schema: z.ZodType<Value>, ...args: string[]) =>
    await askWrangler(schema, [...args, '--config', file]).catch((error: Error) => {
      throw new Failure(`${SIGN_IN}\n${error.message}`)
    })
  const databases = await ask(databaseList, 'd1', 'list', '--json')
  const namespaces = await ask(namespaceList, 'kv', 'namespace', 'list')
  const title = `${config.name}-${namespace?.binding.toLowerCase()}`
  return {
    databaseId:
      database?.database_id ?? databases.find(({ name }) => name === database?.database_name)?.uuid,
    namespaceId: namespace?.id ?? namespaces.find((one) => one.title === title)?.id,
  }
}

/** Opens D1, KV and R2 through wrangler, with a copy of the configuration that marks all bindings as `remote`. */
async function openRemote(environment: RemoteEnvironment): Promise<Store> {
  const { env, config } = environment
  const setUp = setUpLine(environment)
  if (!deployed(config).ssnPublicKey) throw new Failure(`${env} does not exist yet: ${setUp}`)
  const { databaseId: database_id, namespaceId: id } = await findIds(environment)
  if (!database_id || !id) throw new Failure(`${env} was never deployed: ${setUp}`)
  const { name, account_id, compatibility_date } = config
  const copy = {
    name,
    account_id,
    compatibility_date,
    d1_databases: config.d1_databases.map((one) => ({ ...one, database_id, remote: true })),
    kv_namespaces: config.kv_namespaces.map((one) => ({ ...one, id, remote: true })),
    r2_buckets: config.r2_buckets.map((one) => ({ ...one, remote: true })),
  }
  await using folder = await mkdtempDisposable(join(tmpdir(), 'clinic-'))
  const configPath = join(folder.path, 'wrangler.json')
  try {
    await writeFile(configPath, JSON.stringify(copy))
    // Without this, wrangler prints its progress to stdout, among the output.
    process.env.WRANGLER_LOG = 'error'
    const { getPlatformProxy } = await import('wrangler')
    const options = { configPath, persist: false, remoteBindings: true }
    const proxy = await getPlatformProxy<Bindings>(options)
    return storeOf(environment, proxy.env, proxy.dispose)
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim().slice(0, 500) : ''
    throw new Failure(`${env} cannot be reached: ${reason || SIGN_IN}`)
  }
}
