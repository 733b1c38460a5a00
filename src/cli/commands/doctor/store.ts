import { CATALOGUE_KEY, readCatalogue } from '../../../plans/catalogue.ts'
import { digestPlans } from '../../../operator/publish-plans.ts'
import { databaseBytes } from '../../../operator/stats.ts'
import { isEnding } from '../../../tokens/record.ts'
import { listTokens } from '../../../operator/tokens.ts'
import { secondsUnsealed } from '../../../trail/unsealed.ts'
import { setUpLine, type Environment } from '../../environment/choose.ts'
import { compareMigrations } from '../../environment/migrations.ts'
import { openStore, type Store } from '../../environment/open.ts'
import { Failure } from '../../terminal/failure.ts'
import { sentenceOf } from '../../terminal/sentences.ts'
import type { Finding } from './configuration.ts'

export async function checkStore(
  environment: Environment,
  catalogues: Map<string, string> | undefined,
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
    const migrations = await checkMigrations(store)
    // Without its tables the rest cannot be asked for.
    if (migrations.length > 1) return { migrations }
    return {
      migrations,
      'catalogue version': await checkCatalogue(store),
      ...(catalogues && { plans: await checkPlans(store, catalogues) }),
      tokens: await checkTokens(store),
      import: await checkImport(store),
      trail: await checkTrail(store),
    }
  } finally {
    await store.close()
  }
}

async function checkMigrations({ db, environment }: Store): Promise<Finding> {
  const { missing, unknown } = await compareMigrations(db)
  if (unknown.length > 0) {
    const fix = 'the database is ahead of this code: update it, or you may deploy what is too old'
    return [`${unknown.join(', ')} are applied, but not here`, fix]
  }
  if (missing.length === 0) return ['all applied']
  return [`${missing.join(', ')} not applied`, setUpLine(environment)]
}

async function checkCatalogue({ kv, environment: { flags } }: Store): Promise<Finding> {
  const served = readCatalogue(await kv.get(CATALOGUE_KEY))
  if (served) return [served.version]
  const load = `\`npm run clinic -- import plans plans.csv ${flags}\``
  return ['none, so every list of plans reads D1', `run ${load} with your file of plans`]
}

/** Whether the plans are those of the cells before. */
async function checkPlans(
  { db, environment: { env = '' } }: Store,
  catalogues: Map<string, string>,
): Promise<Finding> {
  const digest = await digestPlans(db)
  const [[first, other] = [env, digest]] = catalogues
  catalogues.set(env, digest)
  if (other === digest) return [`those of ${first}`]
  return [`others than those of ${first}`, 'import one file with --all-cells']
}

async function checkTokens({ kv, environment: { flags } }: Store): Promise<Finding> {
  const tokens = await listTokens(kv)
  const ending = tokens.filter(({ record }) => isEnding(record)).map(({ id }) => id)
  if (ending.length === 0) return ['none expires within two weeks']
  const fix = `\`npm run clinic -- token rotate ${ending[0]} ${flags}\` replaces one`
  return [`expiring within two weeks: ${ending.join(', ')}`, fix, 'soon']
}

/** An import that was cut short has changed nothing, but somebody should finish it. */
async function checkImport({ db, environment: { flags } }: Store): Promise<Finding> {
  const [counted] = await db.batch<{ staged: number }>([
    db.prepare('SELECT count(*) AS staged FROM staged_plans'),
  ])
  const staged = counted?.results[0]?.staged ?? 0
  if (staged === 0) return ['none was cut short']
  const again = `run \`npm run clinic -- import plans plans.csv ${flags}\` again`
  return [`one of plans was cut short at ${staged} rows, and nothing of it is served`, again]
}

/** D1 holds 10 GB. What nothing seals, nothing takes away. */
const BYTES_TO_WARN_AT = 7e9
/** The cron seals hourly; it has missed a run, or does not keep up. */
const LONGEST_WAIT_SECONDS = 2 * 60 * 60

async function checkTrail({ db, bucket, environment }: Store): Promise<Finding> {
  const bytes = await databaseBytes(db)
  const size = `the database has ${(bytes / 1e9).toFixed(1)} GB of 10`
  if (bucket) {
    const isReached = await bucket.head('none').then(
      () => true,
      () => false,
    )
    if (!isReached) return ['the bucket cannot be reached', setUpLine(environment)]
    const waited = await secondsUnsealed(db)
    if (waited > LONGEST_WAIT_SECONDS) {
      const seal = `run \`npm run clinic -- audit seal ${environment.flags}\``
      const found = `its oldest unsealed row is ${(waited / 3600).toFixed(1)} hours old`
      return [found, `${seal}, and see whether the cron runs`]
    }
  }
  const found = `${bucket ? 'is sealed in R2' : 'nothing is sealed, as there is no bucket'}; ${size}`
  if (bytes < BYTES_TO_WARN_AT) return [found]
  return bucket
    ? [found, 'move clinics to another cell', 'soon']
    : [found, 'declare an R2 bucket TRAIL, so that old accesses leave it', 'soon']
}
