import { readFile, rename, writeFile } from 'node:fs/promises'
import { cellsOfDeployment, deploymentOf } from '../../environment/cell.ts'
import {
  configFile,
  type RemoteEnvironment,
  type EnvironmentOptions,
} from '../../environment/choose.ts'
import { withEnvironment } from '../../environment/new-environment.ts'
import { deployed, readWranglerToml, setInWranglerToml } from '../../environment/wrangler-toml.ts'
import { Failure, Misuse } from '../../terminal/failure.ts'
import { note } from '../../terminal/report.ts'
import type { Action } from './action.ts'

/**
 * Adds the environment of a new cell to wrangler.toml, like that of the deployment that it becomes a cell of:
 * `production-eu` is made like `production`. Throws Failure and Misuse.
 */
export async function addEnvironment(options: EnvironmentOptions, cell: string, dryRun: boolean) {
  const file = configFile(options)
  const { environments } = await readWranglerToml(file)
  const { env = '' } = options
  if (env === '' || env in environments) return

  const like = deploymentOf(env, cell)
  if (!(like in environments) || like === env) {
    const names = Object.keys(environments).map((name) => `${name}-${cell}`)
    throw new Misuse(
      `there is no environment ${env}: call that of a new cell ${names.join(' or ')}`,
    )
  }
  if (dryRun) {
    throw new Failure(`${file} has no ${env}: without --dry-run it is added first, like ${like}`)
  }
  const text = withEnvironment(await readFile(file, 'utf8'), like, env)
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
  note(`${file}: added ${env}, like ${like}`)
}

/** Says in wrangler.toml which cell this is, and tells every cell of the deployment where all of them answer. */
export function nameCell(
  { file, env, config }: RemoteEnvironment,
  cell: string,
  domain: string | undefined,
): Action {
  const origin = domain ? `https://${domain}` : deployed(config).origin
  if (origin === undefined) throw new Misuse('a cell needs a host of its own: give its --domain')
  const header = (name: string) => `[env.${name}.vars]`
  return {
    says: `${file}: ${header(env)} CELL = "${cell}"; CELLS of all cells of ${deploymentOf(env, cell)} names it`,
    async run() {
      await setInWranglerToml(file, header(env), 'CELL', `"${cell}"`)
      const cells = await cellsOfDeployment(file, deploymentOf(env, cell))
      const twin = cells.find((one) => one.cell === cell && one.env !== env)
      if (twin) throw new Failure(`${twin.env} is the cell ${cell} already`)

      const origins = cells.map((one) => [
        one.cell,
        one.env === env ? origin : deployed(one.config).origin,
      ])
      const all = JSON.stringify(Object.fromEntries(origins))
      const stale = cells.filter(({ config: { vars } }) => vars['CELLS'] !== all)
      for (const one of stale) await setInWranglerToml(file, header(one.env), 'CELLS', `'${all}'`)
      const others = stale.filter((one) => one.env !== env).map((one) => one.env)
      if (others.length === 0) return `${cell}, at ${origin}`
      return `${cell}, at ${origin}; now deploy ${others.join(', ')} too, with --all-cells`
    },
  }
}
