import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { cellName, cellsOf } from '../../tokens/cell.ts'
import { Failure, Misuse } from '../terminal/failure.ts'
import type { Report } from '../terminal/report.ts'
import {
  chooseEnvironment,
  type LocalEnvironment,
  type Environment,
  type EnvironmentOptions,
} from './choose.ts'
import { readWranglerToml } from './wrangler-toml.ts'

/** The variables of the Worker that say which cell it is; none where it stands alone. */
const cellVariables = z.object({ CELL: cellName.optional(), CELLS: z.string().optional() })
type CellVariables = z.infer<typeof cellVariables>

const readVariables = (said: unknown): CellVariables => cellVariables.safeParse(said).data ?? {}

/** Where `npm run dev` writes down which cell the state is. */
const cellFile = ({ state }: LocalEnvironment) => join(state, 'cell.json')

export const rememberCell = (environment: LocalEnvironment, variables: CellVariables) =>
  writeFile(cellFile(environment), JSON.stringify(variables))

/** The cell that a store is, if it is one, and where every cell answers. */
export async function cellOf(environment: Environment) {
  const { CELL: cell, CELLS = '{}' } = readVariables(
    environment.place === 'remote'
      ? environment.config.vars
      : JSON.parse(await readFile(cellFile(environment), 'utf8').catch(() => '{}')),
  )
  return { cell, origins: cellsOf({ CELLS }) }
}

/** What the environments of one deployment share in their names: `production-eu` is a cell of `production`. */
export const deploymentOf = (env: string, cell: string) =>
  env.endsWith(`-${cell}`) ? env.slice(0, -cell.length - 1) : env

/** The environments of wrangler.toml that are cells of the deployment, in its order, and which cell each is. */
export async function cellsOfDeployment(file: string, deployment: string) {
  const { environments } = await readWranglerToml(file)
  return Object.entries(environments).flatMap(([env, config]) => {
    const { CELL: cell } = readVariables(config.vars)
    return cell && deploymentOf(env, cell) === deployment ? [{ env, cell, config }] : []
  })
}

/** The store that is meant or, with --all-cells, those of all cells of its deployment. Throws Failure and Misuse. */
export async function chooseEnvironments({
  allCells,
  ...options
}: EnvironmentOptions & { allCells?: true | undefined }): Promise<Environment[]> {
  const environment = await chooseEnvironment(options)
  if (!allCells) return [environment]

  if (environment.place === 'local') throw new Misuse('--all-cells goes with --remote')
  const { cell } = await cellOf(environment)
  if (cell === undefined) throw new Failure(`${environment.env} is no cell: it has no CELL`)
  const cells = await cellsOfDeployment(environment.file, deploymentOf(environment.env, cell))
  return await Promise.all(cells.map(({ env }) => chooseEnvironment({ ...options, env })))
}

/** Does something to one store after the other, and tells it all: with several, by environment. */
export async function inTurn(
  environments: readonly Environment[],
  work: (environment: Environment) => Promise<Report>,
): Promise<Report> {
  const reports: [env: string, report: Report][] = []
  for (const one of environments) reports.push([one.env ?? '', await work(one)])
  const [first] = reports
  if (first && reports.length === 1) return first[1]
  return {
    json: { cells: Object.fromEntries(reports.map(([env, { json }]) => [env, json])) },
    lines: reports.flatMap(([env, { lines }]) => [`${env}:`, ...lines.map((line) => `  ${line}`)]),
    failed: reports.some(([, { failed }]) => failed),
  }
}
