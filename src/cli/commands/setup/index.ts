import { createClinicText } from '../../../clinics/queries.ts'
import {
  building,
  chooseEnvironment,
  environmentOptions,
  shipping,
  wranglerFlags,
  type EnvironmentOptions,
  type LocalEnvironment,
  type RemoteEnvironment,
} from '../../environment/choose.ts'
import { applyMigrations } from '../../environment/migrations.ts'
import { findIds } from '../../environment/open.ts'
import { developmentKeyFile, prepareLocal } from '../../environment/ssn-key.ts'
import { deployed, setInWranglerToml } from '../../environment/wrangler-toml.ts'
import { runWrangler } from '../../environment/wrangler.ts'
import { keyPairIn } from '../../files/key-file.ts'
import { fromCaller } from '../../files/input.ts'
import { commandOn, flag, option, type Values, type Work } from '../../terminal/command.ts'
import { Misuse } from '../../terminal/failure.ts'
import { oneOf, parseCell, parseClinic, parseDomain } from '../../terminal/options.ts'
import { note, type Report } from '../../terminal/report.ts'
import { addEnvironment, nameCell } from './cell.ts'
import { issueFirstToken, lockTrail } from './steps.ts'

const JURISDICTIONS = ['eu', 'us', 'fedramp', 'none'] as const

const words = {
  jurisdiction: option(
    '--jurisdiction <name>',
    `where D1 and R2 keep their data, for good: ${JURISDICTIONS.join(', ')}`,
    oneOf(JURISDICTIONS),
  ),
  domain: option('--domain <host>', 'the host name at which it answers', parseDomain),
  cell: option('--cell <name>', 'the cell that it is, where there are several', parseCell),
  clinic: option('--clinic <id>', 'the first clinic, which gets a token', parseClinic),
  lock: flag('--lock-trail', 'keep sealed trails from deletion for six years; production only'),
}

type Wanted = Values<typeof words>

/** It chooses its environment itself, since it may have to add it to wrangler.toml first. */
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
    return await setUpLocal(environment)
  },
})

async function setUpLocal(environment: LocalEnvironment): Promise<Report> {
  const { store, applied, key } = await prepareLocal(environment)
  await store.close()
  return {
    json: { migrations_applied: applied, ssn_key_id: key.keyId },
    lines: [
      applied.length > 0 ? `migrations applied: ${applied.join(', ')}` : 'migrations: none missing',
      `SSN key ${key.keyId} is in ${developmentKeyFile(environment)}`,
    ],
  }
}

/** Prepares a deployed environment, and deploys to it. Run again, it goes on where it failed. */
async function setUpRemote(environment: RemoteEnvironment, wanted: Wanted): Promise<Report> {
  checkPlace(environment, wanted)
  const { jurisdiction, domain, cell, clinic, lock } = wanted
  const { env, file, flags, config } = environment
  const { ssnPublicKey } = deployed(config)
  const isNew = (await findIds(environment)).databaseId === undefined
  const set = (table: string, key: string, value: string) =>
    setInWranglerToml(file, table, key, value)
  const steps: Record<string, string> = {}
  const tell = (step: string, outcome = 'done') => {
    steps[step] = outcome
    note(`${step}: ${outcome}`)
  }

  const place = jurisdiction === 'none' ? undefined : jurisdiction
  if (place) {
    await set(`[[env.${env}.d1_databases]]`, 'jurisdiction', `"${place}"`)
    if (config.r2_buckets.length > 0) {
      await set(`[[env.${env}.r2_buckets]]`, 'jurisdiction', `"${place}"`)
    }
    tell('jurisdiction', place)
  }
  if (ssnPublicKey) tell('SSN key', 'exists')
  else {
    const keyFile = fromCaller(`ssn-${env}.key.json`)
    // The private key is in its file before wrangler.toml names the public one.
    const { keyId, publicKey } = await keyPairIn(keyFile)
    await set(`[env.${env}.vars]`, 'SSN_PUBLIC_KEY', `"${publicKey}"`)
    tell('SSN key', `${keyId}; its private half is in ${keyFile}: keep a copy offline`)
  }
  if (domain) {
    await set(`[env.${env}]`, 'routes', `[{ pattern = "${domain}", custom_domain = true }]`)
    tell('domain', domain)
  }
  if (cell) tell('cell', await nameCell(environment, cell))

  const migrate = async () => {
    await runWrangler(applyMigrations(environment))
    tell('migrations')
  }
  // The first deployment creates the database; a later one may need new tables.
  if (!isNew) await migrate()
  // The same two commands as `npm run deploy`. Wrangler creates what the environment names and is missing.
  await runWrangler(building(environment))
  await runWrangler(shipping(environment))
  tell('deployment')
  if (isNew) await migrate()

  if (lock) tell('bucket lock', await lockTrail(environment, place))
  let token: Report | undefined
  if (clinic) {
    const onD1 = ['d1', 'execute', 'DB', '--remote', '--yes', ...wranglerFlags(environment)]
    await runWrangler([...onD1, '--command', createClinicText(clinic)])
    tell('first clinic', clinic)
    token = await issueFirstToken(environment, clinic, cell)
    tell('first token', token ? 'issued' : 'exists')
  }
  return {
    json: { environment: env, steps, ...(token && { token: token.json }) },
    lines: [
      ...(token ? [...token.lines, ''] : []),
      `${env} is set up. Next, with your file of plans:`,
      '',
      `  npm run clinic -- import plans plans.csv ${flags}`,
      `  npm run clinic -- doctor ${flags}`,
    ],
  }
}

/** Where records are kept is decided once, and a host name may be needed. Throws Misuse. */
function checkPlace({ env, config }: RemoteEnvironment, { jurisdiction, domain, cell }: Wanted) {
  const { jurisdiction: kept } = config.d1_databases[0] ?? {}
  const { ssnPublicKey, origin } = deployed(config)
  if (kept && jurisdiction && jurisdiction !== kept) {
    throw new Misuse(`${env} is kept in ${kept}, which cannot be changed: set up another one`)
  }
  if (!kept && !jurisdiction && !ssnPublicKey) {
    const choices = JURISDICTIONS.join('|')
    throw new Misuse(
      `say where records are kept, which cannot be changed: --jurisdiction ${choices}`,
    )
  }
  if (config.workers_dev === false && !origin && !domain) {
    throw new Misuse(`say at which host name ${env} answers: --domain api.example.com`)
  }
  if (cell && !origin && !domain) {
    throw new Misuse('a cell needs a host of its own: give its --domain')
  }
}
