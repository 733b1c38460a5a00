import type { RemoteEnvironment } from '../../environment/choose.ts'
import { setInWranglerToml } from '../../environment/wrangler-toml.ts'
import { runWrangler } from '../../environment/wrangler.ts'
import { shellWords } from '../../terminal/report.ts'
import type { Run, Step, Wanted } from './steps.ts'

/** What 45 CFR 164.316 asks for: six years. */
const LOCKED_DAYS = 2192
const RULE = 'six-years'

/** The bucket that the trail is sealed in, if wrangler.toml declares one; it has a name, and no id to be filled in. */
export function createBucket(environment: RemoteEnvironment, wanted: Wanted, run: Run): Step[] {
  const [bucket] = environment.config.r2_buckets
  if (!bucket) return []
  const { file, env } = environment
  const name = bucket.bucket_name
  const header = `[[env.${env}.r2_buckets]]`
  const jurisdiction = bucket.jurisdiction ?? wanted.jurisdiction
  const place = jurisdiction ? ['--jurisdiction', jurisdiction] : []
  const near = !jurisdiction && wanted.location ? ['--location', wanted.location] : []
  const info = ['r2', 'bucket', 'info', name, '--json', ...place, '--config', file]
  const create = ['r2', 'bucket', 'create', name, ...place, ...near, '--config', file]
  const isToBeWritten = jurisdiction !== undefined && bucket.jurisdiction === undefined
  const creation: Step = {
    title: 'R2 bucket',
    plan: [
      `npx wrangler ${shellWords(info)}`,
      `npx wrangler ${shellWords(create)}   # unless that finds it`,
      ...(isToBeWritten ? [`${file}: ${header} jurisdiction = "${jurisdiction}"`] : []),
    ],
    async run() {
      const exists = await runWrangler(info).then(
        () => true,
        () => false,
      )
      if (!exists) await runWrangler(create)
      if (isToBeWritten) await setInWranglerToml(file, header, 'jurisdiction', `"${jurisdiction}"`)
      if (isToBeWritten || !exists) run.hasChanged = true
      return `${exists ? 'exists' : 'created'}, ${name}`
    },
  }
  return wanted.lockTrail ? [creation, lock(file, name, place)] : [creation]
}

/** Keeps every object of the bucket from being changed or deleted. */
function lock(file: string, name: string, place: string[]): Step {
  const flags = [...place, '--config', file]
  const list = ['r2', 'bucket', 'lock', 'list', name, ...flags]
  const add = ['r2', 'bucket', 'lock', 'add', name, RULE, '', '--retention-days', `${LOCKED_DAYS}`]
  const args = [...add, '--force', ...flags]
  return {
    title: 'bucket lock',
    plan: [
      `npx wrangler ${shellWords(list)}`,
      `npx wrangler ${shellWords(args)}   # unless it is listed`,
    ],
    async run() {
      if ((await runWrangler(list)).includes(RULE)) return 'exists'
      await runWrangler(args)
      return `nothing sealed can be deleted for ${LOCKED_DAYS} days`
    },
  }
}
