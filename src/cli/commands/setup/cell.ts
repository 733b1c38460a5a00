import { cellsOfDeployment, deploymentOf } from '../../environment/cell.ts'
import {
  configFile,
  type RemoteEnvironment,
  type EnvironmentOptions,
} from '../../environment/choose.ts'
import {
  addToWranglerToml,
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
  const { cells, origins, stale } = await cellsOfDeployment(file, env, cell)
  const twin = cells.find((one) => one.CELL === cell && one.env !== env)
  if (twin) throw new Failure(`${twin.env} is the cell ${cell} already`)

  for (const name of stale) await set(name, 'CELLS', `'${JSON.stringify(origins)}'`)
  const others = stale.filter((name) => name !== env)
  return others.length > 0 ? `${cell}; now deploy ${others.join(', ')} too, with --all-cells` : cell
}
