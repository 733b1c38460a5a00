import { existsSync } from 'node:fs'
import * as z from 'zod'
import { cellOf, cellsOfDeployment } from '../../environment/cell.ts'
import { deployLine, setUpLine, type Environment } from '../../environment/choose.ts'
import { commitHere } from '../../environment/project.ts'
import { developmentKeyFile } from '../../environment/ssn-key.ts'
import { deployed, readWranglerToml, type Configuration } from '../../environment/wrangler-toml.ts'
import { readKeyFile } from '../../files/key-file.ts'

/** What was found and, if something is wrong, or will be soon, what puts it right. */
export type Finding = [found: string, fix?: string, when?: 'soon']

/** Environments inherit neither bindings nor variables: what one of them declares, all must declare. */
export async function checkConfigurations({ file }: Environment): Promise<Record<string, Finding>> {
  const { top, environments } = await readWranglerToml(file)
  const all = Object.entries({ 'the top level': top, ...environments }).map(([env, config]) => ({
    ...{ env, config },
    declared: declaredBy(config),
  }))
  const names = new Set(all.flatMap(({ declared }) => declared))
  const checkOne = ({ env, config, declared }: (typeof all)[number]): Finding => {
    const missing = [...names].filter((name) => ![...declared, ...OF_CELLS].includes(name))
    if (missing.length > 0) {
      return [`it lacks ${missing.join(', ')}`, `declare that under [env.${env}] as elsewhere`]
    }
    if (config.observability?.logs?.invocation_logs === false) {
      return [`declares ${declared.join(', ')}`]
    }
    const fix = 'set invocation_logs = false under its observability.logs'
    return ['it logs full URLs, which hold patient ids', fix]
  }
  return Object.fromEntries(all.map((one) => [`configuration of ${one.env}`, checkOne(one)]))
}

/** Only where there are several cells. */
const OF_CELLS = ['CELL', 'CELLS']

const namedBinding = z
  .object({ binding: z.string() })
  .transform(({ binding }) => binding)
  .or(z.object({ name: z.string() }).transform(({ name }) => name))

/** The names of variables and of bindings: each resource is a list of objects with a `binding` or a `name`. */
const declaredBy = (config: Configuration): string[] => [
  ...Object.keys(config.vars),
  ...Object.values<unknown>(config)
    .flatMap((value): unknown[] => (Array.isArray(value) ? value : []))
    .flatMap((item) => namedBinding.safeParse(item).data ?? []),
]

/** Whether the cells of the deployment say the same of each other. */
export async function checkCells(environment: Environment): Promise<Record<string, Finding>> {
  const { cell } = await cellOf(environment)
  if (environment.place === 'local' || cell === undefined) return {}

  const { origins, stale } = await cellsOfDeployment(environment.file, environment.env, cell)
  if (stale.length === 0) {
    return { cells: [`this is ${cell}; all agree on ${Object.keys(origins).join(', ')}`] }
  }
  const found = `CELLS of ${stale.join(', ')} is not where the cells answer`
  const setUp = `run \`npm run clinic -- setup ${environment.flags} --cell ${cell}\``
  return { cells: [found, `${setUp}, then deploy all cells`] }
}

export async function checkKey(environment: Environment): Promise<Finding> {
  if (environment.place === 'remote') {
    return deployed(environment.config).ssnPublicKey
      ? ['wrangler.toml has the public key']
      : ['none, so SSNs are refused with 503', setUpLine(environment)]
  }
  const file = developmentKeyFile(environment)
  if (!existsSync(file)) return ['none', setUpLine(environment)]
  return await readKeyFile(file).then(
    ({ keyId }): Finding => [`${keyId}, a pair of the local state`],
    (): Finding => [`${file} is damaged`, 'put it back from a copy'],
  )
}

const health = z.object({ version: z.string(), commit: z.string().nullish() })
const unready = z.object({ errors: z.string() })

/** What runs, and whether it can serve, as it says itself. */
export async function checkDeployed(environment: Environment): Promise<Record<string, Finding>> {
  if (environment.place === 'local') return {}
  const { origin, ssnPublicKey } = deployed(environment.config)
  if (ssnPublicKey === undefined) return {}
  if (!origin) return { deployed: ['at workers.dev, whose host name is not known here'] }

  const ask = async (path: string): Promise<unknown> =>
    await fetch(`${origin}${path}`, { signal: AbortSignal.timeout(10_000) })
      .then((response) => response.json())
      .catch(() => undefined)
  const { data } = health.safeParse(await ask('/health'))
  if (!data) {
    const fix = `deploy it: \`${deployLine(environment)}\``
    return { deployed: [`${origin}/health does not answer`, fix] }
  }
  const { data: refusal } = unready.safeParse(await ask('/health/ready'))
  if (refusal) return { deployed: [`it is not ready: ${refusal.errors}`, setUpLine(environment)] }
  const here = commitHere()
  const found = `${data.version}, commit ${data.commit ?? 'unknown'}`
  if (data.commit === here) return { deployed: [found] }
  return { deployed: [found, `here is ${here || 'no commit'}`, 'soon'] }
}
