import { existsSync } from 'node:fs'
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
type Finding = [found: string, fix?: string]

export const define = (command: Command) =>
  onStore(command)
    .addHelpText(...example('doctor --local'))
    .action(async (options) => {
      const choice = await chooseStore(options)
      const checks = Object.entries({
        ...(await checkConfigurations(choice)),
        'SSN key': await checkKey(choice),
        ...(await checkStore(choice)),
      }).map(([name, [found, fix]]) => ({ name, found, fix, ok: fix === undefined }))
      const failed = checks.some(({ ok }) => !ok)
      const lines = checks.map(({ name, found, fix, ok }) =>
        ok
          ? `${styleText('green', 'ok  ')}  ${name}: ${found}`
          : `${styleText('red', 'FAIL')}  ${name}: ${found}; ${fix}`,
      )
      print({ json: { ok: !failed, checks }, lines, failed }, options)
    })

/** Environments inherit neither bindings nor variables: what one of them declares, all must declare. */
async function checkConfigurations({ file }: StoreChoice): Promise<Record<string, Finding>> {
  const { top, environments } = await readWranglerToml(file)
  const all = Object.entries({ 'the top level': top, ...environments })
  const names = new Set(all.flatMap(([, config]) => declaredBy(config)))
  return Object.fromEntries(
    all.map(([env, config]) => [
      `configuration of ${env}`,
      checkConfiguration(env, config, [...names]),
    ]),
  )
}

function checkConfiguration(env: string, config: Configuration, names: string[]): Finding {
  const declared = declaredBy(config)
  const missing = names.filter((name) => !declared.includes(name)).join(', ')
  if (missing) return [`it lacks ${missing}`, `declare that under [env.${env}] as elsewhere`]

  if (config.observability?.logs?.invocation_logs !== false) {
    const fix = 'set invocation_logs = false under its observability.logs'
    return ['it logs full URLs, which hold patient ids', fix]
  }
  if (env === 'production' && config.workers_dev !== false) {
    return ['it also answers at workers.dev', 'set workers_dev = false under [env.production]']
  }
  return [`declares ${declared.join(', ')}`]
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

async function checkKey(choice: StoreChoice): Promise<Finding> {
  if (choice.place === 'remote') {
    const { ssnPublicKey } = deployed(choice.config)
    if (!ssnPublicKey) return ['none, so SSNs are refused with 503', setUp(choice)]
    return isPublicKey(ssnPublicKey)
      ? ['a public key of 32 bytes']
      : ['not 32 bytes in base64url', 'put it back from version control']
  }
  const file = developmentKeyFile(choice)
  if (!existsSync(file)) return ['none', setUp(choice)]
  try {
    return [`${(await readKeyFile(file)).keyId}, a pair of the local state`]
  } catch {
    return [`${file} is damaged`, 'put it back from a copy']
  }
}

async function checkStore(choice: StoreChoice): Promise<Record<string, Finding>> {
  let store: Store
  try {
    store = await openStore(choice)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return { store: ['cannot be opened', error.message] }
  }
  try {
    return {
      migrations: await checkMigrations(store, choice),
      'catalogue version': await checkCatalogue(store, choice),
      clock: await checkClock(store),
    }
  } finally {
    await store.close()
  }
}

async function checkMigrations({ db }: Store, choice: StoreChoice): Promise<Finding> {
  const missing = await missingMigrations(db)
  return missing.length === 0
    ? ['all applied']
    : [`${missing.join(', ')} not applied`, setUp(choice)]
}

async function checkCatalogue({ kv }: Store, { flags }: StoreChoice): Promise<Finding> {
  const served = await servedCatalogue(kv)
  if (served) return [served.version]
  const load = `\`npm run clinic -- import plans plans.csv ${flags}\``
  return ['none, so every list of plans reads D1', `run ${load} with your file of plans`]
}

async function checkClock({ db }: Store): Promise<Finding> {
  const asked = Date.now()
  const [answer] = await db.batch<{ now: number }>([
    db.prepare("SELECT unixepoch('subsec') * 1000 AS now"),
  ])
  const off = Math.round((answer?.results[0]?.now ?? 0) - (asked + Date.now()) / 2)
  return Math.abs(off) <= CLOCK_TOLERANCE
    ? ["agrees with the database's"]
    : [`${Math.round(off / 1000)} s off the database's`, "set this machine's clock by NTP"]
}
