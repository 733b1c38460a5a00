import { CATALOGUE_KEY, readCatalogue } from '../../../plans/catalogue.ts'
import { digestPlans } from '../../../operator/publish-plans.ts'
import { isEnding } from '../../../tokens/record.ts'
import { listTokens } from '../../../operator/tokens.ts'
import { secondsUnsealed } from '../../../trail/unsealed.ts'
import type { Environment } from '../../environment/choose.ts'
import { clockLead } from '../../environment/clock.ts'
import { compareMigrations } from '../../environment/migrations.ts'
import { openStore, type Store } from '../../environment/open.ts'
import { Failure } from '../../terminal/failure.ts'
import { sentenceOf } from '../../terminal/sentences.ts'
import { setUp, type Finding } from './finding.ts'

/** In milliseconds. Tokens expire by the Worker's clock; a machine that is further off sets wrong times. */
const CLOCK_TOLERANCE = 30_000

export async function checkStore(
  environment: Environment,
  catalogues?: Catalogues,
): Promise<Record<string, Finding>> {
  let store: Store
  try {
    store = await openStore(environment)
  } catch (error) {
    const why = error instanceof Failure ? error.message : sentenceOf(error)
    if (why === undefined) throw error
    return { store: ['cannot be opened', why] }
  }
  try {
    const migrations = await checkMigrations(store, environment)
    // Without its tables the rest cannot be asked for.
    if (migrations.length > 1) return { migrations, clock: await checkClock(store) }
    return {
      migrations,
      'catalogue version': await checkCatalogue(store, environment),
      ...(catalogues && { plans: await checkPlans(store, environment, catalogues) }),
      tokens: await checkTokens(store, environment),
      import: await checkImport(store, environment),
      clock: await checkClock(store),
      trail: await checkTrail(store, environment),
    }
  } finally {
    await store.close()
  }
}

async function checkMigrations({ db }: Store, environment: Environment): Promise<Finding> {
  const { missing, unknown } = await compareMigrations(db)
  if (unknown.length > 0) {
    const fix = 'the database is ahead of this code: update it, or you may deploy what is too old'
    return [`${unknown.join(', ')} are applied, but not here`, fix]
  }
  return missing.length === 0
    ? ['all applied']
    : [`${missing.join(', ')} not applied`, setUp(environment)]
}

async function checkCatalogue({ kv }: Store, { flags }: Environment): Promise<Finding> {
  const served = readCatalogue(await kv.get(CATALOGUE_KEY))
  if (served) return [served.version]
  const load = `\`npm run clinic -- import plans plans.csv ${flags}\``
  return ['none, so every list of plans reads D1', `run ${load} with your file of plans`]
}

/** The digests of the catalogues seen so far, by environment. */
export type Catalogues = Map<string, string>

/** Whether the plans are those of the cells before. */
async function checkPlans(
  { db }: Store,
  { env = '' }: Environment,
  catalogues: Catalogues,
): Promise<Finding> {
  const digest = await digestPlans(db).catch(() => undefined)
  if (digest === undefined) return ['cannot be read', 'see the migrations']

  const [[first, other] = [env, digest]] = catalogues
  catalogues.set(env, digest)
  return other === digest
    ? [`those of ${first}`]
    : [`others than those of ${first}`, 'import one file with --all-cells']
}

async function checkTokens({ kv }: Store, { flags }: Environment): Promise<Finding> {
  const tokens = await listTokens(kv)
  const ending = tokens.filter(({ record }) => isEnding(record)).map(({ id }) => id)
  if (ending.length === 0) return ['none expires within two weeks']
  const fix = `\`npm run clinic -- token rotate ${ending[0]} ${flags}\` replaces one`
  return [`expiring within two weeks: ${ending.join(', ')}`, fix, 'soon']
}

/** An import that was cut short has changed nothing, but somebody should finish it. */
async function checkImport({ db }: Store, { flags }: Environment): Promise<Finding> {
  const [counted] = await db.batch<{ staged: number }>([
    db.prepare('SELECT count(*) AS staged FROM staged_plans'),
  ])
  const staged = counted?.results[0]?.staged ?? 0
  if (staged === 0) return ['none was cut short']
  const again = `run \`npm run clinic -- import plans plans.csv ${flags}\` again`
  return [`one of plans was cut short at ${staged} rows, and nothing of it is served`, again]
}

async function checkClock({ db }: Store): Promise<Finding> {
  const off = await clockLead(db)
  return Math.abs(off) <= CLOCK_TOLERANCE
    ? ["agrees with the database's"]
    : [`${Math.round(off / 1000)} s off the database's`, "set this machine's clock by NTP"]
}

/** D1 holds 10 GB. What nothing seals, nothing takes away. */
const BYTES_TO_WARN_AT = 7e9
/** The cron seals hourly; it has missed a run, or does not keep up. */
const LONGEST_WAIT_SECONDS = 2 * 60 * 60

async function checkTrail({ db, bucket }: Store, { flags }: Environment): Promise<Finding> {
  const [answer] = await db.batch([db.prepare('SELECT 1')])
  const bytes = answer?.meta.size_after ?? 0
  const size = `the database has ${(bytes / 1e9).toFixed(1)} GB of 10`
  const isLarge = bytes >= BYTES_TO_WARN_AT
  const waited = bucket ? await secondsUnsealed(db) : 0
  if (!bucket && isLarge) {
    const fix = 'declare an R2 bucket TRAIL, so that old accesses leave it'
    return [`nothing is sealed, and ${size}`, fix, 'soon']
  }
  if (!bucket) return [`nothing is sealed, as there is no bucket; ${size}`]
  try {
    await bucket.head('none')
  } catch {
    return ['the bucket cannot be reached', `run \`npm run clinic -- setup ${flags}\``]
  }
  if (waited > LONGEST_WAIT_SECONDS) {
    const hours = (waited / 3600).toFixed(1)
    const seal = `\`npm run clinic -- audit seal ${flags}\``
    return [
      `its oldest unsealed row is ${hours} hours old`,
      `run ${seal}, and see whether the cron runs`,
    ]
  }
  if (!isLarge) return [`is sealed in R2; ${size}`]
  return [`is sealed in R2, but ${size}`, 'move clinics to another cell', 'soon']
}
