import { existsSync } from 'node:fs'
import { styleText } from 'node:util'
import * as z from 'zod'
import { digestPlans } from '../../operator/publish-plans.ts'
import { databaseBytes } from '../../operator/stats.ts'
import { listTokens } from '../../operator/tokens.ts'
import { CATALOGUE_KEY, readCatalogue } from '../../plans/catalogue.ts'
import { isEnding } from '../../tokens/record.ts'
import { secondsUnsealed } from '../../trail/unsealed.ts'
import { cellOf, cellsOfDeployment, inTurn } from '../environment/cell.ts'
import { deployLine, setUpLine, type Environment } from '../environment/choose.ts'
import { onEnvironments } from '../environment/command.ts'
import { compareMigrations } from '../environment/migrations.ts'
import { openStore, type Store } from '../environment/open.ts'
import { commitHere } from '../environment/project.ts'
import { developmentKeyFile } from '../environment/ssn-key.ts'
import { deployed, readWranglerToml } from '../environment/wrangler-toml.ts'
import { readKeyFile } from '../files/key-file.ts'
import { Failure } from '../terminal/failure.ts'
import { sentenceOf } from '../terminal/sentences.ts'

/** What was found and, if it is wrong, the fix; `soon` if it is not wrong yet. Undefined if it does not apply. */
type Finding = { found: string; fix?: string; soon?: true } | undefined

export const command = onEnvironments({
  example: 'doctor --local',
  takes: {},
  async work(_, environments) {
    /** The digests of the catalogues seen so far, by environment. */
    const catalogues = new Map<string, string>()
    return await inTurn(environments, async (environment) => {
      const findings: Record<string, Finding> = {
        logs: await checkLogs(environment),
        'SSN key': await checkKey(environment),
        cells: await checkCells(environment),
        deployed: await checkDeployed(environment),
        ...(await checkStore(environment, environments.length > 1 ? catalogues : undefined)),
      }
      const checks = Object.entries(findings).flatMap(([name, finding]) => {
        if (!finding) return []
        const { found, fix, soon = false } = finding
        return { name, found, fix, ok: fix === undefined || soon }
      })
      const lines = checks.map(({ name, found, fix, ok }) => {
        if (!fix) return `${styleText('green', 'ok  ')}  ${name}: ${found}`
        const mark = ok ? styleText('yellow', 'warn') : styleText('red', 'FAIL')
        return `${mark}  ${name}: ${found}; ${fix}`
      })
      const ok = checks.every((check) => check.ok)
      return { json: { ok, checks }, lines, failed: !ok }
    })
  },
})

/** Checks every environment of the file, since a local run is when there is time to mend one. */
async function checkLogs({ file }: Environment): Promise<Finding> {
  const { top, environments } = await readWranglerToml(file)
  const withUrls = Object.entries({ 'the top level': top, ...environments })
    .filter(([, { observability }]) => observability?.logs?.invocation_logs !== false)
    .map(([name]) => name)
  if (withUrls.length === 0) return { found: 'hold no URLs' }
  const fix = 'set invocation_logs = false under its observability.logs'
  return { found: `of ${withUrls.join(', ')} hold full URLs, and so ids of patients`, fix }
}

async function checkKey(environment: Environment): Promise<Finding> {
  if (environment.place === 'remote') {
    return deployed(environment.config).ssnPublicKey
      ? { found: 'wrangler.toml has the public key' }
      : { found: 'none, so SSNs are refused with 503', fix: setUpLine(environment) }
  }
  const file = developmentKeyFile(environment)
  if (!existsSync(file)) return { found: 'none', fix: setUpLine(environment) }
  return await readKeyFile(file).then(
    ({ keyId }) => ({ found: `${keyId}, a pair of the local state` }),
    () => ({ found: `${file} is damaged`, fix: 'put it back from a copy' }),
  )
}

async function checkCells(environment: Environment): Promise<Finding> {
  const { cell } = await cellOf(environment)
  if (environment.place === 'local' || cell === undefined) return undefined
  const { origins, stale } = await cellsOfDeployment(environment.file, environment.env, cell)
  const cells = Object.keys(origins).join(', ')
  if (stale.length === 0) return { found: `this is ${cell}; all agree on ${cells}` }
  const setUp = `run \`npm run clinic -- setup ${environment.flags} --cell ${cell}\``
  const found = `CELLS of ${stale.join(', ')} is not where the cells answer`
  return { found, fix: `${setUp}, then deploy all cells` }
}

const health = z.object({ version: z.string(), commit: z.string().nullish() })
const unready = z.object({ errors: z.string() })

async function checkDeployed(environment: Environment): Promise<Finding> {
  if (environment.place === 'local') return undefined
  const { origin, ssnPublicKey } = deployed(environment.config)
  if (ssnPublicKey === undefined) return undefined
  if (!origin) return { found: 'at workers.dev, whose host name is not known here' }

  const ask = async (path: string): Promise<unknown> =>
    await fetch(`${origin}${path}`, { signal: AbortSignal.timeout(10_000) })
      .then((response) => response.json())
      .catch(() => undefined)
  const { data: running } = health.safeParse(await ask('/health'))
  const fix = `deploy it: \`${deployLine(environment)}\``
  if (!running) return { found: `${origin}/health does not answer`, fix }
  const { data: refusal } = unready.safeParse(await ask('/health/ready'))
  if (refusal) return { found: `it is not ready: ${refusal.errors}`, fix: setUpLine(environment) }
  const found = `${running.version}, commit ${running.commit ?? 'unknown'}`
  const here = commitHere()
  if (running.commit === here) return { found }
  return { found, fix: `here is ${here || 'no commit'}`, soon: true }
}

async function checkStore(environment: Environment, catalogues?: Map<string, string>) {
  const store = await openStore(environment).catch((error: unknown) => {
    const why = error instanceof Failure ? error.message : sentenceOf(error)
    if (why === undefined) throw error
    return why
  })
  if (typeof store === 'string') return { store: { found: 'cannot be opened', fix: store } }
  try {
    const migrations = await checkMigrations(store)
    // The other checks need the tables.
    if (migrations?.fix) return { migrations }
    return {
      migrations,
      'catalogue version': await checkCatalogue(store),
      plans: catalogues && (await checkPlans(store, catalogues)),
      tokens: await checkTokens(store),
      import: await checkImport(store),
      trail: await checkTrail(store),
      size: await checkSize(store),
    }
  } finally {
    await store.close()
  }
}

async function checkMigrations({ db, environment }: Store): Promise<Finding> {
  const { missing, unknown } = await compareMigrations(db)
  const fix = 'the database is ahead of this code: update it, or you may deploy what is too old'
  if (unknown.length > 0) return { found: `${unknown.join(', ')} are applied, but not here`, fix }
  if (missing.length === 0) return { found: 'all applied' }
  return { found: `${missing.join(', ')} not applied`, fix: setUpLine(environment) }
}

async function checkCatalogue({ kv, environment: { flags } }: Store): Promise<Finding> {
  const served = readCatalogue(await kv.get(CATALOGUE_KEY))
  if (served) return { found: served.version }
  const fix = `run \`npm run clinic -- import plans plans.csv ${flags}\` with your file of plans`
  return { found: 'none, so every list of plans reads D1', fix }
}

async function checkPlans({ db, environment }: Store, catalogues: Map<string, string>) {
  const { env = '' } = environment
  const digest = await digestPlans(db)
  const [[first, other] = [env, digest]] = catalogues
  catalogues.set(env, digest)
  if (other === digest) return { found: `those of ${first}` }
  return { found: `others than those of ${first}`, fix: 'import one file with --all-cells' }
}

async function checkTokens({ kv, environment: { flags } }: Store): Promise<Finding> {
  const tokens = await listTokens(kv)
  const ending = tokens.filter(({ record }) => isEnding(record)).map(({ id }) => id)
  if (ending.length === 0) return { found: 'none expires within two weeks' }
  const fix = `\`npm run clinic -- token rotate ${ending[0]} ${flags}\` replaces one`
  return { found: `expiring within two weeks: ${ending.join(', ')}`, fix, soon: true }
}

/** An interrupted import has changed nothing, but somebody should finish it. */
async function checkImport({ db, environment: { flags } }: Store): Promise<Finding> {
  const count = db.prepare('SELECT count(*) AS staged FROM staged_plans')
  const [counted] = await db.batch<{ staged: number }>([count])
  const staged = counted?.results[0]?.staged ?? 0
  if (staged === 0) return { found: 'none was cut short' }
  const found = `one of plans was cut short at ${staged} rows, and nothing of it is served`
  return { found, fix: `run \`npm run clinic -- import plans plans.csv ${flags}\` again` }
}

async function checkTrail({ db, bucket, environment }: Store): Promise<Finding> {
  if (!bucket) return { found: 'nothing is sealed, as there is no bucket' }
  const answer = await bucket.head('none').catch((error: Error) => error)
  if (answer instanceof Error)
    return { found: 'the bucket cannot be reached', fix: setUpLine(environment) }
  const waited = await secondsUnsealed(db)
  // The cron seals hourly: after two hours, it has missed a run or does not keep up.
  if (waited <= 2 * 60 * 60) return { found: 'is sealed in R2' }
  const seal = `run \`npm run clinic -- audit seal ${environment.flags}\``
  const found = `its oldest unsealed row is ${(waited / 3600).toFixed(1)} hours old`
  return { found, fix: `${seal}, and see whether the cron runs` }
}

async function checkSize({ db, bucket }: Store): Promise<Finding> {
  const gigabytes = (await databaseBytes(db)) / 1e9
  const found = `the database has ${gigabytes.toFixed(1)} GB of 10`
  if (gigabytes < 7) return { found }
  const fix = bucket ? 'move clinics to another cell' : 'declare an R2 bucket TRAIL for the trail'
  return { found, fix, soon: true }
}
