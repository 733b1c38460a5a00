import * as z from 'zod'
import {
  deployLine,
  wranglerFlags,
  type RemoteEnvironment,
  type Environment,
} from '../../environment/choose.ts'
import { commitHere } from '../../environment/project.ts'
import { deployed } from '../../environment/wrangler-toml.ts'
import { askWrangler } from '../../environment/wrangler.ts'
import { setUp, type Finding } from './finding.ts'

const healthAnswer = z.object({ version: z.string(), commit: z.string().nullish() })

/** What runs, as it says itself. */
export async function checkDeployed(environment: Environment): Promise<Record<string, Finding>> {
  if (environment.place === 'local') return {}
  const { origin, ssnPublicKey } = deployed(environment.config)
  if (ssnPublicKey === undefined) return {}
  return {
    'deployed version': await checkHealth(origin, environment),
    'deployed SSN key': await checkDeployedKey(ssnPublicKey, environment),
  }
}

async function checkHealth(
  origin: string | undefined,
  environment: RemoteEnvironment,
): Promise<Finding> {
  if (!origin) {
    return environment.config.workers_dev === false
      ? [
          'it has no route, and does not answer at workers.dev',
          `${setUp(environment)} --domain HOST`,
        ]
      : ['at workers.dev, whose host name is not known here']
  }
  const answer = await fetch(`${origin}/health`, { signal: AbortSignal.timeout(10_000) })
    .then((response) => response.json())
    .catch(() => undefined)
  const { data } = healthAnswer.safeParse(answer)
  if (!data)
    return [`${origin}/health does not answer`, `deploy it: \`${deployLine(environment)}\``]
  const here = commitHere()
  const found = `${data.version}, commit ${data.commit ?? 'unknown'}`
  return data.commit === here ? [found] : [found, `here is ${here || 'no commit'}`, 'soon']
}

const bindings = z.looseObject({
  resources: z.looseObject({
    bindings: z.array(z.looseObject({ name: z.string(), text: z.string().optional() })),
  }),
})

/** After a rollback, or on a colleague's wrangler.toml, SSNs would be sealed to an old key. */
async function checkDeployedKey(
  expected: string | undefined,
  environment: RemoteEnvironment,
): Promise<Finding> {
  const flags = ['--json', ...wranglerFlags(environment)]
  const deploymentOf = z.looseObject({
    versions: z.array(z.looseObject({ version_id: z.string() })),
  })
  try {
    const status = deploymentOf.parse(await askWrangler(['deployments', 'status', ...flags]))
    const id = status.versions[0]?.version_id ?? ''
    const { resources } = bindings.parse(await askWrangler(['versions', 'view', id, ...flags]))
    const key = resources.bindings.find(({ name }) => name === 'SSN_PUBLIC_KEY')?.text
    return key === expected
      ? ['the one of wrangler.toml']
      : ['another one than wrangler.toml names', `deploy again: \`${deployLine(environment)}\``]
  } catch {
    return ['wrangler does not tell', 'sign in with `npx wrangler login`', 'soon']
  }
}
