import { access } from 'node:fs/promises'
import { styleText } from 'node:util'
import * as z from 'zod'
import { CATALOGUE_KEY, readCatalogue } from '../plans/catalogue.ts'
import {
  environmentsOf,
  readConfiguration,
  readEnvironment,
  type Configuration,
} from './configuration.ts'
import { Failure } from './failure.ts'
import { isPublicKey, readKeyFile } from './key-file.ts'
import { developmentKeyFile } from './local.ts'
import { missingMigrations, openStore, type Store } from './open-store.ts'
import type { Report } from './output.ts'
import { checkChoice, choiceFlags, type StoreChoice } from './store.ts'

/** Tokens expire by the Worker's clock; an operator's that is further off sets wrong times. */
const CLOCK_TOLERANCE = 30_000

/** What was found, and if something is wrong, what puts it right. */
type Check = { name: string; found: string; fix?: string }

/** Checks the configuration of every environment, and the store that is asked for. */
export async function examine(choice: StoreChoice): Promise<Report> {
  checkChoice(choice)
  const checks = [
    ...(await checkConfiguration(choice)),
    await checkKey(choice),
    ...(await checkStore(choice)),
  ]
  const failed = checks.some(({ fix }) => fix !== undefined)
  return {
    json: {
      ok: !failed,
      checks: checks.map((check) => ({ ...check, ok: check.fix === undefined })),
    },
    lines: checks.map(
      ({ name, found, fix }) =>
        `${fix === undefined ? styleText('green', 'ok  ') : styleText('red', 'FAIL')}  ${name}: ${found}${fix === undefined ? '' : `; ${fix}`}`,
    ),
    failed,
  }
}

/** Environments inherit neither bindings nor variables, so a name that one declares all must declare. */
async function checkConfiguration(choice: StoreChoice): Promise<Check[]> {
  const names = [undefined, ...(await environmentsOf(choice))]
  const environments = await Promise.all(
    names.map(async (env) => {
      const config = await readConfiguration(choice, env)
      return { env: env ?? 'the top level', config, declared: declaredBy(config) }
    }),
  )
  const all = new Set(environments.flatMap(({ declared }) => declared))
  return environments.map(({ env, config, declared }) => {
    const name = `configuration of ${env}`
    const missing = [...all].filter((binding) => !declared.includes(binding))
    if (missing.length > 0) {
      return {
        name,
        found: `it lacks ${missing.join(', ')}`,
        fix: `declare ${missing.length === 1 ? 'it' : 'them'} under [env.${env}] as elsewhere`,
      }
    }
    if (config.observability?.logs?.invocation_logs !== false) {
      return {
        name,
        found: 'it logs full URLs, which carry patient ids',
        fix: 'set invocation_logs = false under its observability.logs',
      }
    }
    if (env === 'production' && config.workers_dev !== false) {
      return {
        name,
        found: 'it also answers at workers.dev',
        fix: 'set workers_dev = false under [env.production]',
      }
    }
    return { name, found: `declares ${declared.join(', ')}` }
  })
}

const namedBinding = z.union([
  z.object({ binding: z.string() }).transform(({ binding }) => binding),
  z.object({ name: z.string() }).transform(({ name }) => name),
])

/** The names of variables and of bindings: each kind is a list of objects with a `binding` or a `name`. */
const declaredBy = (config: Configuration): string[] => [
  ...Object.keys(config.vars),
  ...Object.values<unknown>(config)
    .filter((value) => Array.isArray(value))
    .flatMap((list: unknown[]) => list.map((item) => namedBinding.safeParse(item).data))
    .filter((name) => name !== undefined),
]

async function checkKey(choice: StoreChoice): Promise<Check> {
  const name = 'SSN key'
  if (choice.remote) {
    const { env, ssnPublicKey } = await readEnvironment(choice)
    return ssnPublicKey && isPublicKey(ssnPublicKey)
      ? { name, found: 'a public key of 32 bytes' }
      : {
          name,
          found: ssnPublicKey ? 'not 32 bytes in base64url' : 'none, so SSNs are refused with 503',
          fix: `run \`npm run clinic -- setup --remote --env ${env}\``,
        }
  }
  const file = developmentKeyFile(choice)
  const fix = `run \`npm run clinic -- setup ${choiceFlags(choice)}\``
  try {
    await access(file)
  } catch {
    return { name, found: 'none', fix }
  }
  try {
    return { name, found: `${(await readKeyFile(file)).keyId}, a pair of the local state` }
  } catch {
    return { name, found: `${file} is damaged`, fix: 'put it back from a copy' }
  }
}

async function checkStore(choice: StoreChoice): Promise<Check[]> {
  let store: Store
  try {
    store = await openStore(choice)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [{ name: 'store', found: 'out of reach', fix: error.message }]
  }
  try {
    return [
      await checkMigrations(store, choice),
      await checkCatalogue(store, choice),
      await checkClock(store),
    ]
  } finally {
    await store.close()
  }
}

async function checkMigrations({ db }: Store, choice: StoreChoice): Promise<Check> {
  const missing = await missingMigrations(db)
  return missing.length === 0
    ? { name: 'migrations', found: 'all applied' }
    : {
        name: 'migrations',
        found: `${missing.join(', ')} not applied`,
        fix: `run \`npm run clinic -- setup ${choiceFlags(choice)}\``,
      }
}

async function checkCatalogue({ kv }: Store, choice: StoreChoice): Promise<Check> {
  const served = readCatalogue(await kv.get(CATALOGUE_KEY))
  return served
    ? { name: 'catalogue version', found: served.version }
    : {
        name: 'catalogue version',
        found: 'none, so every list of plans reads D1',
        fix: `run \`npm run clinic -- import plans FILE ${choiceFlags(choice)}\``,
      }
}

async function checkClock({ db }: Store): Promise<Check> {
  const name = 'clock'
  const asked = Date.now()
  const [answer] = await db.batch<{ now: number }>([
    db.prepare("SELECT unixepoch('subsec') * 1000 AS now"),
  ])
  const off = Math.round((answer?.results[0]?.now ?? 0) - (asked + Date.now()) / 2)
  return Math.abs(off) <= CLOCK_TOLERANCE
    ? { name, found: `agrees with the database's` }
    : {
        name,
        found: `${Math.round(off / 1000)} s apart from the database's`,
        fix: "set this machine's clock by NTP",
      }
}
