import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { getPlatformProxy, unstable_readConfig, type PlatformProxy } from 'wrangler'
import { openDatabase, type Database } from '../db/client.ts'
import type { Bindings } from '../factory.ts'
import { Misuse } from './failure.ts'

export const PROJECT = resolve(import.meta.dirname, '../..')
export const CONFIG = join(PROJECT, 'wrangler.toml')

/** Where wrangler keeps local state unless it is told `--persist-to`. */
export const DEFAULT_STATE = join(PROJECT, '.wrangler/state')

/** Which store a command works on: exactly one of `local` and `remote` is asked for. */
export type StoreChoice = {
  local?: boolean
  remote?: boolean
  persistTo?: string
  env?: string
}

export type Store = {
  db: Database
  kv: KVNamespace
  /** D1's bookmark after the last statement of `db`. */
  bookmark: () => string
  close: () => Promise<void>
}

/** Opens the very D1 and KV that a local `wrangler dev` or the deployed Worker uses. Throws Misuse. */
export async function openStore(choice: StoreChoice): Promise<Store> {
  if (Boolean(choice.local) === Boolean(choice.remote)) {
    throw new Misuse('say which store: --local or --remote')
  }
  if (choice.remote && choice.persistTo) throw new Misuse('--persist-to goes with --local')

  const proxy = choice.remote ? await openRemote(choice.env) : await openLocal(choice)
  const session = proxy.env.DB.withSession('first-primary')
  return {
    db: openDatabase(session),
    kv: proxy.env.TOKENS,
    bookmark: () => session.getBookmark() ?? '',
    close: () => proxy.dispose(),
  }
}

const openLocal = ({ persistTo, env }: StoreChoice): Promise<PlatformProxy<Bindings>> =>
  getPlatformProxy<Bindings>({
    configPath: CONFIG,
    ...(env && { environment: env }),
    envFiles: [],
    persist: { path: join(persistTo ? resolveFromCaller(persistTo) : DEFAULT_STATE, 'v3') },
    remoteBindings: false,
  })

/** Wrangler reaches remote D1 and KV for bindings marked `remote`; a copy of the configuration marks them. */
async function openRemote(env: string | undefined): Promise<PlatformProxy<Bindings>> {
  const { name, account_id, compatibility_date, d1_databases, kv_namespaces } = unstable_readConfig(
    {
      config: CONFIG,
      ...(env && { env }),
    },
  )
  const folder = await mkdtemp(join(tmpdir(), 'clinic-'))
  const configPath = join(folder, 'wrangler.json')
  try {
    await writeFile(
      configPath,
      JSON.stringify({
        name,
        account_id,
        compatibility_date,
        d1_databases: d1_databases.map((database: object) => ({ ...database, remote: true })),
        kv_namespaces: kv_namespaces.map((namespace: object) => ({ ...namespace, remote: true })),
      }),
    )
    return await getPlatformProxy<Bindings>({ configPath, persist: false, remoteBindings: true })
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A path as the operator typed it: npm runs scripts in the project's folder, not in the caller's. */
export const resolveFromCaller = (path: string) => resolve(process.env.INIT_CWD ?? '.', path)
