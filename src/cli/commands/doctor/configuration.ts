import { existsSync } from 'node:fs'
import * as z from 'zod'
import { sealSsn } from '../../../ssn/seal.ts'
import { readKeyFile } from '../../files/key-file.ts'
import { cellOf, cellsOfDeployment, deploymentOf } from '../../environment/cell.ts'
import type { Environment } from '../../environment/choose.ts'
import { developmentKeyFile } from '../../environment/ssn-key.ts'
import { deployed, readWranglerToml, type Configuration } from '../../environment/wrangler-toml.ts'
import { setUp, type Finding } from './finding.ts'

/** Environments inherit neither bindings nor variables: what one of them declares, all must declare. */
export async function checkConfigurations({ file }: Environment): Promise<Record<string, Finding>> {
  const { top, environments } = await readWranglerToml(file)
  const all = Object.entries({ 'the top level': top, ...environments })
  const names = new Set(all.flatMap(([, config]) => declaredBy(config)))
  // Only where there are several cells.
  for (const name of ['CELL', 'CELLS']) names.delete(name)
  return Object.fromEntries(
    all.map(([env, config]) => [
      `configuration of ${env}`,
      checkConfiguration(env, config, [...names]),
    ]),
  )
}

function checkConfiguration(env: string, config: Configuration, names: string[]): Finding {
  const declared = declaredBy(config)
  const missing = names.filter((name) => !declared.includes(name)).join(', ')
  if (missing) return [`it lacks ${missing}`, `declare that under [env.${env}] as elsewhere`]

  if (config.observability?.logs?.invocation_logs !== false) {
    const fix = 'set invocation_logs = false under its observability.logs'
    return ['it logs full URLs, which hold patient ids', fix]
  }
  if (env === 'production' && config.workers_dev !== false) {
    return ['it also answers at workers.dev', 'set workers_dev = false under [env.production]']
  }
  return [`declares ${declared.join(', ')}`]
}

const namedBinding = z.union([
  z.object({ binding: z.string() }).transform(({ binding }) => binding),
  z.object({ name: z.string() }).transform(({ name }) => name),
])

/** The names of variables and of bindings: each resource is a list of objects with a `binding` or a `name`. */
const declaredBy = (config: Configuration): string[] => [
  ...Object.keys(config.vars),
  ...Object.values<unknown>(config)
    .filter((value) => Array.isArray(value))
    .flatMap((list: unknown[]) => list.map((item) => namedBinding.safeParse(item).data))
    .filter((name) => name !== undefined),
]

/** Whether the cells of the deployment say the same of each other. */
export async function checkCells(environment: Environment): Promise<Record<string, Finding>> {
  const { cell, origins } = await cellOf(environment)
  if (environment.place === 'local' || cell === undefined) return {}

  const fix = `run \`npm run clinic -- setup ${environment.flags} --cell ${cell}\`, then deploy all cells`
  const all = await cellsOfDeployment(environment.file, deploymentOf(environment.env, cell))
  const unlike = all.filter(
    ({ config: { vars } }) => vars['CELLS'] !== environment.config.vars['CELLS'],
  )
  const wrong = all.filter(({ cell: name, config }) => origins[name] !== deployed(config).origin)
  const unknown = Object.keys(origins).filter((name) => !all.some((one) => one.cell === name))
  const found = [
    ...unlike.map(({ env }) => `CELLS of ${env} says something else`),
    ...wrong.map(({ cell: name, env }) => `CELLS has another origin for ${name} than ${env}`),
    ...unknown.map((name) => `CELLS names ${name}, which no environment is`),
  ]
  if (found.length > 0) return { cells: [found.join('; '), fix] }
  return { cells: [`this is ${cell}; all agree on ${Object.keys(origins).join(', ')}`] }
}

/** Environments that share a namespace count each other's requests. */
export async function checkRateLimits({ file }: Environment): Promise<Finding> {
  const { top, environments } = await readWranglerToml(file)
  const ids = [top, ...Object.values(environments)].flatMap(({ ratelimits }) =>
    ratelimits.map(({ namespace_id }) => namespace_id),
  )
  const shared = ids.find((id, n) => ids.indexOf(id) !== n)
  return shared === undefined
    ? ['every one counts for itself']
    : [`namespace_id ${shared} is used twice`, `give each its own in ${file}`]
}

export async function checkKey(environment: Environment): Promise<Finding> {
  if (environment.place === 'remote') {
    const { ssnPublicKey } = deployed(environment.config)
    if (!ssnPublicKey) return ['none, so SSNs are refused with 503', setUp(environment)]
    return (await canSeal(ssnPublicKey))
      ? ['a public key that SSNs can be sealed to']
      : ['no public key that SSNs can be sealed to', 'put it back from version control']
  }
  const file = developmentKeyFile(environment)
  if (!existsSync(file)) return ['none', setUp(environment)]
  try {
    return [`${(await readKeyFile(file)).keyId}, a pair of the local state`]
  } catch {
    return [`${file} is damaged`, 'put it back from a copy']
  }
}

const canSeal = (publicKey: string) =>
  sealSsn(
    '000000000',
    { clinicId: '', table: '', ownableType: '', ownableId: 1, uid: '' },
    publicKey,
  )
    .then(() => true)
    .catch(() => false)
