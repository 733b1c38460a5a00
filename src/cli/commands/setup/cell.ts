import { cellsOfDeployment, deploymentOf } from '../../environment/cell.ts'
import {
  configFile,
  type RemoteEnvironment,
  type EnvironmentOptions,
} from '../../environment/choose.ts'
import {
  addToWranglerToml,
  deployed,
  readWranglerToml,
  setInWranglerToml,
} from '../../environment/wrangler-toml.ts'
import { Failure, Misuse } from '../../terminal/failure.ts'
import { note } from '../../terminal/report.ts'

/**
 * Adds the environment of a new cell to wrangler.toml, like that of the deployment that it becomes a cell of:
 * `production-eu` is made like `production`. Throws Failure and Misuse.
 */
export async function addEnvironment(options: EnvironmentOptions, cell: string): Promise<void> {
  const file = configFile(options)
  const { environments } = await readWranglerToml(file)
  const { env = '' } = options
  if (env === '' || env in environments) return

  const like = deploymentOf(env, cell)
  if (!(like in environments)) {
    const names = Object.keys(environments).map((name) => `${name}-${cell}`)
    throw new Misuse(
      `there is no environment ${env}: call that of a new cell ${names.join(' or ')}`,
    )
  }
  await addToWranglerToml(file, like, env)
  note(`${file}: added ${env}, like ${like}`)
}

/**
 * Says in wrangler.toml which cell this is, and tells every cell of the deployment where all of them answer. Throws
 * Failure.
 */
export async function nameCell({ file, env }: RemoteEnvironment, cell: string): Promise<string> {
  const set = (name: string, key: string, value: string) =>
    setInWranglerToml(file, `[env.${name}.vars]`, key, value)
  await set(env, 'CELL', `"${cell}"`)
  const cells = await cellsOfDeployment(file, deploymentOf(env, cell))
  const twin = cells.find((one) => one.cell === cell && one.env !== env)
  if (twin) throw new Failure(`${twin.env} is the cell ${cell} already`)

  const origins = cells.map((one) => [one.cell, deployed(one.config).origin])
  const all = JSON.stringify(Object.fromEntries(origins))
  const stale = cells.filter(({ config }) => config.vars['CELLS'] !== all)
  for (const one of stale) await set(one.env, 'CELLS', `'${all}'`)
  const others = stale.map((one) => one.env).filter((name) => name !== env)
  return others.length > 0 ? `${cell}; now deploy ${others.join(', ')} too, with --all-cells` : cell
}
