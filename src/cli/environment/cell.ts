import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { cellName, cellsOf, type CellOrigins } from '../../tokens/cell.ts'
import { Failure, Misuse } from '../terminal/failure.ts'
import type { Report } from '../terminal/report.ts'
import {
  chooseEnvironment,
  type LocalEnvironment,
  type Environment,
  type EnvironmentOptions,
} from './choose.ts'
import { readWranglerToml, type Configuration } from './wrangler-toml.ts'

const cellVariables = z.object({ CELL: cellName.optional(), CELLS: z.string().optional() })

/** The variables of the Worker that say which cell it is; none where it stands alone. */
export type CellVariables = { CELL?: string; CELLS?: string }

/** Where `npm run dev` writes down which cell the state is. */
const cellFile = ({ state }: LocalEnvironment) => join(state, 'cell.json')

export async function rememberCell(
  environment: LocalEnvironment,
  variables: CellVariables,
): Promise<void> {
  await mkdir(environment.state, { recursive: true })
  await writeFile(cellFile(environment), JSON.stringify(variables))
}

export async function cellVariablesOf(environment: Environment): Promise<CellVariables> {
  const said: unknown =
    environment.place === 'remote'
      ? environment.config.vars
      : JSON.parse(await readFile(cellFile(environment), 'utf8').catch(() => '{}'))
  const { CELL, CELLS } = cellVariables.safeParse(said).data ?? {}
  return { ...(CELL && { CELL }), ...(CELLS && { CELLS }) }
}

/** The cell that a store is, if it is one, and where every cell answers. */
export async function cellOf(
  environment: Environment,
): Promise<{ cell: string | undefined; origins: CellOrigins }> {
  const variables = await cellVariablesOf(environment)
  return { cell: variables.CELL, origins: cellsOf(variables) }
}

const cellIn = ({ vars }: Configuration) => cellVariables.safeParse(vars).data?.CELL

/** What the environments of one deployment share in their names: `production-eu` is a cell of `production`. */
export const deploymentOf = (env: string, cell: string) =>
  env.endsWith(`-${cell}`) ? env.slice(0, -cell.length - 1) : env

/** The environments of wrangler.toml that are cells of the deployment, in its order, and which cell each is. */
export async function cellsOfDeployment(file: string, deployment: string) {
  const { environments } = await readWranglerToml(file)
  return Object.entries(environments).flatMap(([env, config]) => {
    const cell = cellIn(config)
    return cell !== undefined && deploymentOf(env, cell) === deployment
      ? [{ env, cell, config }]
      : []
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
  const cell = cellIn(environment.config)
  if (cell === undefined) throw new Failure(`${environment.env} is no cell: it has no CELL`)
  const cells = await cellsOfDeployment(environment.file, deploymentOf(environment.env, cell))
  return await Promise.all(cells.map(({ env }) => chooseEnvironment({ ...options, env })))
}

/** Does something to one store after the other, and tells it all: with several, by environment. */
export async function inTurn(
  environments: readonly Environment[],
  work: (environment: Environment) => Promise<Report>,
): Promise<Report> {
  const reports: { env: string; report: Report }[] = []
  for (const environment of environments)
    reports.push({ env: environment.env ?? '', report: await work(environment) })
  const [first] = reports
  if (first && reports.length === 1) return first.report
  return {
    json: { cells: Object.fromEntries(reports.map(({ env, report }) => [env, report.json])) },
    lines: reports.flatMap(({ env, report }) => [
      `${env}:`,
      ...report.lines.map((line) => `  ${line}`),
    ]),
    failed: reports.some(({ report }) => report.failed),
  }
}
