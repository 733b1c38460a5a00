import * as z from 'zod'
import {
  deployLine,
  wranglerFlags,
  type RemoteChoice,
  type StoreChoice,
} from '../../environment/choice.ts'
import { commitHere } from '../../environment/project.ts'
import { deployed } from '../../environment/wrangler-toml.ts'
import { askWrangler } from '../../environment/wrangler.ts'
import { setUp, type Finding } from './finding.ts'

const healthAnswer = z.object({ version: z.string(), commit: z.string().nullish() })

/** What runs, as it says itself. */
export async function checkDeployed(choice: StoreChoice): Promise<Record<string, Finding>> {
  if (choice.place === 'local') return {}
  const { origin, databaseId, ssnPublicKey } = deployed(choice.config)
  if (databaseId === undefined) return {}
  return {
    'deployed version': await checkHealth(origin, choice),
    'deployed SSN key': await checkDeployedKey(ssnPublicKey, choice),
  }
}

async function checkHealth(origin: string | undefined, choice: RemoteChoice): Promise<Finding> {
  if (!origin) {
    return choice.config.workers_dev === false
      ? ['it has no route, and does not answer at workers.dev', `${setUp(choice)} --domain HOST`]
      : ['at workers.dev, whose host name is not known here']
  }
  const answer = await fetch(`${origin}/health`, { signal: AbortSignal.timeout(10_000) })
    .then((response) => response.json())
    .catch(() => undefined)
  const { data } = healthAnswer.safeParse(answer)
  if (!data) return [`${origin}/health does not answer`, `deploy it: \`${deployLine(choice)}\``]
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
  choice: RemoteChoice,
): Promise<Finding> {
  const flags = ['--json', ...wranglerFlags(choice)]
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
      : ['another one than wrangler.toml names', `deploy again: \`${deployLine(choice)}\``]
  } catch {
    return ['wrangler does not tell', 'sign in with `npx wrangler login`', 'soon']
  }
}
