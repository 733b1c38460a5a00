import * as z from 'zod'
import { createClinicText } from '../../clinics/queries.ts'
import { DEFAULT_LIFETIME, DEFAULT_SCOPES, newRecord } from '../../tokens/record.ts'
import { KEY_PREFIX, mintToken, tokenKey } from '../../tokens/token.ts'
import { cellOf, cellsOfDeployment, deploymentOf } from '../environment/cell.ts'
import {
  building,
  chooseEnvironment,
  configFile,
  environmentOptions,
  shipping,
  wranglerFlags,
  type EnvironmentOptions,
  type RemoteEnvironment,
} from '../environment/choose.ts'
import { applyMigrations } from '../environment/migrations.ts'
import { findIds } from '../environment/open.ts'
import { developmentKeyFile, prepareLocal } from '../environment/ssn-key.ts'
import {
  addToWranglerToml,
  deployed,
  readWranglerToml,
  setInWranglerToml,
} from '../environment/wrangler-toml.ts'
import { askWrangler, runWrangler } from '../environment/wrangler.ts'
import { keyPairIn } from '../files/key-file.ts'
import { fromCaller } from '../files/input.ts'
import { commandOn, flag, option, type Values, type Work } from '../terminal/command.ts'
import { Failure, Misuse } from '../terminal/failure.ts'
import { oneOf, parseCell, parseClinic, parseDomain } from '../terminal/options.ts'
import { note, type Report } from '../terminal/report.ts'
import { shownOnce } from './token/create.ts'

const JURISDICTIONS = ['eu', 'us', 'fedramp', 'none'] as const

const words = {
  jurisdiction: option(
    '--jurisdiction <name>',
    `where D1 and R2 keep their data, for good: ${JURISDICTIONS.join(', ')}`,
    oneOf(JURISDICTIONS),
  ),
  domain: option('--domain <host>', 'the host name of the API', parseDomain),
  cell: option('--cell <name>', 'the name of this cell, if there are several', parseCell),
  clinic: option('--clinic <id>', 'the first clinic, which gets a token', parseClinic),
  lock: flag('--lock-trail', 'forbid deleting sealed trails for six years; production only'),
}

type Wanted = Values<typeof words>

/** Gets only the options, since it may have to add the environment to wrangler.toml before choosing it. */
export const command = commandOn(environmentOptions, (options, work: Work<EnvironmentOptions>) =>
  work(options),
)({
  example: 'setup --remote --env production --jurisdiction eu --domain api.example.com',
  takes: words,
  async work(wanted, options) {
    if (wanted.cell && options.remote) await addEnvironment(options, wanted.cell)
    const environment = await chooseEnvironment(options)
    if (wanted.lock && environment.env !== 'production') {
      throw new Misuse('--lock-trail goes with --env production')
    }
    if (environment.place === 'remote') return await setUpRemote(environment, wanted)
    if (wanted.cell) throw new Misuse('--cell goes with --remote; `npm run dev` takes it, too')
    const { store, applied, key } = await prepareLocal(environment)
    await store.close()
    const lines = [
      `migrations applied: ${applied.join(', ') || 'none, as none was missing'}`,
      `SSN key ${key.keyId} is in ${developmentKeyFile(environment)}`,
    ]
    return { json: { migrations_applied: applied, ssn_key_id: key.keyId }, lines }
  },
})

/** Prepares a deployed environment, and deploys to it. After a failure, run it again: it goes on from there. */
async function setUpRemote(environment: RemoteEnvironment, wanted: Wanted): Promise<Report> {
  checkPlace(environment, wanted)
  const { jurisdiction, domain, cell, clinic, lock } = wanted
  const { env, file, flags, config } = environment
  const isNew = (await findIds(environment)).databaseId === undefined
  const set = (table: string, key: string, value: string) =>
    setInWranglerToml(file, table, key, value)
  const steps: Record<string, string> = {}
  const logStep = (step: string, outcome = 'done') => {
    steps[step] = outcome
    note(`${step}: ${outcome}`)
  }

  const place = jurisdiction === 'none' ? undefined : jurisdiction
  if (place) {
    const tables = config.r2_buckets.length > 0 ? ['d1_databases', 'r2_buckets'] : ['d1_databases']
    for (const table of tables) await set(`[[env.${env}.${table}]]`, 'jurisdiction', `"${place}"`)
    logStep('jurisdiction', place)
  }
  if (deployed(config).ssnPublicKey) logStep('SSN key', 'exists')
  else {
    const keyFile = fromCaller(`ssn-${env}.key.json`)
    // Save the private key before wrangler.toml names the public one.
    const { keyId, publicKey } = await keyPairIn(keyFile)
    await set(`[env.${env}.vars]`, 'SSN_PUBLIC_KEY', `"${publicKey}"`)
    logStep('SSN key', `${keyId}; its private half is in ${keyFile}: keep a copy offline`)
  }
  if (domain) {
    await set(`[env.${env}]`, 'routes', `[{ pattern = "${domain}", custom_domain = true }]`)
    logStep('domain', domain)
  }
  if (cell) logStep('cell', await nameCell(environment, cell))

  const migrate = async () => {
    await runWrangler(applyMigrations(environment))
    logStep('migrations')
  }
  // The first deployment creates the database; a later one may need new tables first.
  if (!isNew) await migrate()
  // The same two commands as `npm run deploy`. Wrangler creates missing databases, namespaces and buckets.
  await runWrangler(building(environment))
  await runWrangler(shipping(environment))
  logStep('deployment')
  if (isNew) await migrate()

  if (lock) logStep('bucket lock', await lockTrail(environment, place))
  let token: Report | undefined
  if (clinic) {
    const onD1 = ['d1', 'execute', 'DB', '--remote', '--yes', ...wranglerFlags(environment)]
    await runWrangler([...onD1, '--command', createClinicText(clinic)])
    logStep('first clinic', clinic)
    token = await issueFirstToken(environment, clinic, cell)
    logStep('first token', token ? 'issued' : 'exists')
  }
  const lines = [
    ...(token ? [...token.lines, ''] : []),
    `${env} is set up. Next, with your file of plans:`,
    '',
    `  npm run clinic -- import plans plans.csv ${flags}`,
    `  npm run clinic -- doctor ${flags}`,
  ]
  return { json: { environment: env, steps, ...(token && { token: token.json }) }, lines }
}

/** Checks the jurisdiction, which cannot be changed later, and the host name, if one is needed. Throws Misuse. */
function checkPlace({ env, config }: RemoteEnvironment, { jurisdiction, domain, cell }: Wanted) {
  const { jurisdiction: kept } = config.d1_databases[0] ?? {}
  const { ssnPublicKey, origin } = deployed(config)
  if (kept && jurisdiction && jurisdiction !== kept) {
    throw new Misuse(`${env} is kept in ${kept}, which cannot be changed: set up another one`)
  }
  if (!kept && !jurisdiction && !ssnPublicKey) {
    const flag = `--jurisdiction ${JURISDICTIONS.join('|')}`
    throw new Misuse(`say where records are kept, which cannot be changed: ${flag}`)
  }
  // A cell needs a host of its own.
  if ((cell || config.workers_dev === false) && !origin && !domain) {
    throw new Misuse(`say at which host name ${env} answers: --domain api.example.com`)
  }
}

/** Six years, as 45 CFR 164.316 requires. */
const LOCKED_DAYS = 2192
const RULE = 'six-years'

async function lockTrail({ file, config }: RemoteEnvironment, place: string | undefined) {
  let outcome = 'exists'
  for (const { bucket_name: name, jurisdiction = place } of config.r2_buckets) {
    const flags = [...(jurisdiction ? ['--jurisdiction', jurisdiction] : []), '--config', file]
    const lock = (verb: string, ...rule: string[]) =>
      runWrangler(['r2', 'bucket', 'lock', verb, name, ...rule, ...flags])
    if ((await lock('list')).includes(RULE)) continue
    await lock('add', RULE, '', '--retention-days', `${LOCKED_DAYS}`, '--force')
    outcome = `nothing sealed can be deleted for ${LOCKED_DAYS} days`
  }
  return outcome
}

/** Issues a token to the clinic, unless the environment already has one. */
async function issueFirstToken(environment: RemoteEnvironment, clinic: string, cell?: string) {
  const where = ['--binding', 'TOKENS', '--remote', ...wranglerFlags(environment)]
  const list = ['kv', 'key', 'list', '--prefix', KEY_PREFIX, ...where]
  if ((await askWrangler(z.array(z.unknown()), list)).length > 0) return undefined

  const lasting = { scopes: DEFAULT_SCOPES, lifetime: DEFAULT_LIFETIME }
  const record = newRecord({ clinic_id: clinic, label: 'first token', ...lasting })
  const token = mintToken(cell ?? (await cellOf(environment)).cell)
  // The arguments have only a hash of the token, which lets nobody in.
  const value = JSON.stringify(record)
  const put = ['kv', 'key', 'put', await tokenKey(token), value, '--metadata', value]
  await runWrangler([...put, ...where])
  return await shownOnce(token, record, environment)
}

/** Adds the environment of a new cell to wrangler.toml: `production-eu` is a copy of `production`. Throws Misuse. */
async function addEnvironment(options: EnvironmentOptions, cell: string) {
  const { env } = options
  const file = configFile(options)
  const { environments } = await readWranglerToml(file)
  if (!env || env in environments) return
  const like = deploymentOf(env, cell)
  if (!(like in environments)) {
    const names = Object.keys(environments).map((name) => `${name}-${cell}`)
    const advice = `call that of a new cell ${names.join(' or ')}`
    throw new Misuse(`there is no environment ${env}: ${advice}`)
  }
  await addToWranglerToml(file, like, env)
  note(`${file}: added ${env}, like ${like}`)
}

/** Sets this environment's CELL and, in each cell of the deployment, CELLS: the origins of all. Throws Failure. */
async function nameCell({ file, env }: RemoteEnvironment, cell: string) {
  const set = (name: string, key: string, value: string) =>
    setInWranglerToml(file, `[env.${name}.vars]`, key, value)
  await set(env, 'CELL', `"${cell}"`)
  const { cells, origins, stale } = await cellsOfDeployment(file, env, cell)
  const twin = cells.find((one) => one.CELL === cell && one.env !== env)
  if (twin) throw new Failure(`${twin.env} is the cell ${cell} already`)

  for (const name of stale) await set(name, 'CELLS', `'${JSON.stringify(origins)}'`)
  const others = stale.filter((name) => name !== env)
  return others.length > 0 ? `${cell}; now deploy ${others.join(', ')} too, with --all-cells` : cell
}
