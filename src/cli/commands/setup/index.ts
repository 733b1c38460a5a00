import {
  chooseEnvironment,
  environmentOptions,
  type LocalEnvironment,
  type RemoteEnvironment,
} from '../../environment/choose.ts'
import { findIds } from '../../environment/ids.ts'
import { applyMigrations } from '../../environment/migrations.ts'
import { shareKey } from '../../environment/local-key.ts'
import { openMigrated } from '../../environment/open.ts'
import { developmentKey, developmentKeyFile } from '../../environment/ssn-key.ts'
import { deployed } from '../../environment/wrangler-toml.ts'
import { fromCaller } from '../../files/input.ts'
import { commandTaking, flag, option, type Values } from '../../terminal/command.ts'
import { Misuse } from '../../terminal/failure.ts'
import { oneOf, parseCell, parseClinic, parseDomain, parseLabel } from '../../terminal/options.ts'
import { note, type Report } from '../../terminal/report.ts'
import { addEnvironment, nameCell } from './cell.ts'
import { wrangler, type Action } from './action.ts'
import * as actions from './actions.ts'

const JURISDICTIONS = ['eu', 'us', 'fedramp', 'none'] as const

const words = {
  jurisdiction: option(
    '--jurisdiction <name>',
    `where D1 and R2 keep their data, for good: ${JURISDICTIONS.join(', ')}`,
    oneOf(JURISDICTIONS),
  ),
  domain: option('--domain <host>', 'the host name at which it answers', parseDomain),
  cell: option('--cell <name>', 'the cell that it is, where there are several', parseCell),
  keyFile: option('--key-file <file>', 'where the private key goes (default: ssn-<env>.key.json)'),
  clinic: option('--clinic <id>', 'the first clinic, which gets a token', parseClinic),
  label: option('--label <text>', 'what the first token is for (default: first token)', parseLabel),
  lockTrail: flag(
    '--lock-trail',
    'keep sealed trails from deletion for six years; production only',
  ),
  dryRun: flag('--dry-run', 'print each step and do none'),
}

type Wanted = Values<typeof words>

export const command = commandTaking(
  environmentOptions,
  {
    example: 'setup --remote --env production --jurisdiction eu --domain api.example.com --dry-run',
    takes: words,
  },
  async (wanted, options) => {
    const { cell, lockTrail, dryRun = false } = wanted
    if (cell && options.remote) await addEnvironment(options, cell, dryRun)
    const environment = await chooseEnvironment(options)
    if (lockTrail && environment.env !== 'production') {
      throw new Misuse('--lock-trail goes with --env production')
    }
    if (environment.place === 'remote') return await setUpRemote(environment, wanted)
    if (dryRun) throw new Misuse('--dry-run goes with --remote')
    if (cell) throw new Misuse('--cell goes with --remote; `npm run dev` takes it, too')
    return await setUpLocal(environment)
  },
)

async function setUpLocal(environment: LocalEnvironment): Promise<Report> {
  const { store, applied } = await openMigrated(environment)
  const key = await developmentKey(environment)
  await shareKey(environment, store, key)
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
  const { env, flags } = environment
  const { jurisdiction, domain, cell, clinic, label = 'first token', dryRun } = wanted
  const place = jurisdiction === 'none' ? undefined : jurisdiction
  const keyFile = fromCaller(wanted.keyFile ?? `ssn-${env}.key.json`)
  const isNew = dryRun || (await findIds(environment)).databaseId === undefined
  const deployment = { deployment: actions.deploy(environment) }
  const migrations = { migrations: [wrangler(...applyMigrations(environment))] }
  let token: Report | undefined
  const steps: Record<string, Action[]> = {
    ...(place && { jurisdiction: actions.setJurisdiction(environment, place) }),
    'SSN key': actions.setKey(environment, keyFile),
    ...(domain && { domain: actions.setDomain(environment, domain) }),
    ...(cell && { cell: [nameCell(environment, cell, domain)] }),
    // The first deployment creates the database; a later one may need new tables.
    ...(isNew ? { ...deployment, ...migrations } : { ...migrations, ...deployment }),
    ...(wanted.lockTrail && { 'bucket lock': actions.lockTrail(environment, place) }),
    ...(clinic && { 'first clinic': actions.createFirstClinic(environment, clinic) }),
    ...(clinic && {
      'first token': actions.issueFirstToken(environment, { clinic, label, cell }, (report) => {
        token = report
      }),
    }),
  }
  if (dryRun) {
    const all = Object.entries(steps).map(([title, plan]) => ({
      title,
      plan: plan.length > 0 ? plan.map(({ says }) => says) : ['exists'],
    }))
    const lines = all.flatMap(({ title, plan }) => [title, ...plan.map((one) => `  ${one}`), ''])
    return { json: { dry_run: true, steps: all }, lines }
  }
  const done: Record<string, string> = {}
  for (const [title, all] of Object.entries(steps)) {
    done[title] = all.length > 0 ? 'done' : 'exists'
    for (const { run } of all) done[title] = (await run()) ?? done[title]
    note(`${title}: ${done[title]}`)
  }
  return {
    json: { environment: env, steps: done, ...(token && { token: token.json }) },
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
function checkPlace({ env, config }: RemoteEnvironment, { jurisdiction, domain }: Wanted) {
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
}
