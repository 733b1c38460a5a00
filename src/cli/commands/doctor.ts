import { access } from 'node:fs/promises'
import { styleText } from 'node:util'
import type { Command } from '@commander-js/extra-typings'
import * as z from 'zod'
import { servedCatalogue } from '../../plans/publish.ts'
import { isPublicKey, readKeyFile } from '../files/key-file.ts'
import { chooseStore, onStore, type StoreChoice } from '../store/choice.ts'
import { missingMigrations } from '../store/migrations.ts'
import { openStore, type Store } from '../store/open.ts'
import { developmentKeyFile } from '../store/ssn-key.ts'
import { deployed, readWranglerToml, type Configuration } from '../store/wrangler-toml.ts'
import { Failure } from '../terminal/failure.ts'
import { example } from '../terminal/options.ts'
import { print } from '../terminal/report.ts'

/** In milliseconds. Tokens expire by the Worker's clock; a machine that is further off sets wrong times. */
const CLOCK_TOLERANCE = 30_000

/** What was found and, if something is wrong, what puts it right. */
type Check = { name: string; found: string; fix?: string }

export const define = (command: Command) =>
  onStore(command)
    .addHelpText(...example('doctor --local'))
    .action(async (options) => {
      const choice = await chooseStore(options)
      const checks = [
        ...(await checkConfigurations(choice)),
        await checkKey(choice),
        ...(await checkStore(choice)),
      ]
      const failed = checks.some(({ fix }) => fix !== undefined)
      const marked = checks.map((check) => ({ ...check, ok: check.fix === undefined }))
      print({ json: { ok: !failed, checks: marked }, lines: checks.map(lineOf), failed }, options)
    })

const lineOf = ({ name, found, fix }: Check) =>
  fix === undefined
    ? `${styleText('green', 'ok  ')}  ${name}: ${found}`
    : `${styleText('red', 'FAIL')}  ${name}: ${found}; ${fix}`

/** Environments inherit neither bindings nor variables: what one of them declares, all must declare. */
async function checkConfigurations({ file }: StoreChoice): Promise<Check[]> {
  const { top, environments } = await readWranglerToml(file)
  const all = [['the top level', top] as const, ...Object.entries(environments)]
  const names = new Set(all.flatMap(([, config]) => declaredBy(config)))
  return all.map(([env, config]) => checkConfiguration(env, config, names))
}

function checkConfiguration(env: string, config: Configuration, names: Set<string>): Check {
  const name = `configuration of ${env}`
  const declared = declaredBy(config)
  const missing = [...names].filter((binding) => !declared.includes(binding))
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
      found: 'it logs full URLs, which hold patient ids',
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

const setUp = ({ flags }: StoreChoice) => `run \`npm run clinic -- setup ${flags}\``

async function checkKey(choice: StoreChoice): Promise<Check> {
  const name = 'SSN key'
  if (choice.place === 'remote') {
    const { ssnPublicKey } = deployed(choice.config)
    if (!ssnPublicKey) {
      return { name, found: 'none, so SSNs are refused with 503', fix: setUp(choice) }
    }
    return isPublicKey(ssnPublicKey)
      ? { name, found: 'a public key of 32 bytes' }
      : { name, found: 'not 32 bytes in base64url', fix: 'put it back from version control' }
  }
  const file = developmentKeyFile(choice)
  try {
    await access(file)
  } catch {
    return { name, found: 'none', fix: setUp(choice) }
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
    return [{ name: 'store', found: 'cannot be opened', fix: error.message }]
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
  const name = 'migrations'
  const missing = await missingMigrations(db)
  return missing.length === 0
    ? { name, found: 'all applied' }
    : { name, found: `${missing.join(', ')} not applied`, fix: setUp(choice) }
}

async function checkCatalogue({ kv }: Store, { flags }: StoreChoice): Promise<Check> {
  const name = 'catalogue version'
  const served = await servedCatalogue(kv)
  return served
    ? { name, found: served.version }
    : {
        name,
        found: 'none, so every list of plans reads D1',
        fix: `run \`npm run clinic -- import plans plans.csv ${flags}\` with your file of plans`,
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
