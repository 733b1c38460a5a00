import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import { cellName, cellsOf } from '../../tokens/cell.ts'
import type { Work } from '../terminal/command.ts'
import type { Report } from '../terminal/report.ts'
import type { Environment, LocalEnvironment } from './choose.ts'
import { deployed, readWranglerToml } from './wrangler-toml.ts'

/** The Worker's variables that name its cell and the origins of all; none if there is only one Worker. */
const cellVariables = z.object({ CELL: cellName, CELLS: z.string() }).partial().catch({})
type CellVariables = z.infer<typeof cellVariables>

/** The file in which `npm run dev` notes the state's cell. */
const cellFile = ({ state }: LocalEnvironment) => join(state, 'cell.json')

export const rememberCell = (environment: LocalEnvironment, variables: CellVariables) =>
  writeFile(cellFile(environment), JSON.stringify(variables))

/** The store's cell, if any, and the origins of all cells. */
export async function cellOf(environment: Environment) {
  const { CELL: cell, CELLS = '{}' } = cellVariables.parse(
    environment.place === 'remote'
      ? environment.config.vars
      : JSON.parse(await readFile(cellFile(environment), 'utf8').catch(() => '{}')),
  )
  return { cell, origins: cellsOf({ CELLS }) }
}

/** The deployment that a cell belongs to: `production` for the environment `production-eu`. */
export const deploymentOf = (env: string, cell: string) =>
  env.endsWith(`-${cell}`) ? env.slice(0, -cell.length - 1) : env

/**
 * The cells of a deployment, in the order of wrangler.toml, and their origins. `stale` are the environments whose CELLS
 * says something else.
 */
export async function cellsOfDeployment(file: string, env: string, cell: string) {
  const { environments } = await readWranglerToml(file)
  const cells = Object.entries(environments)
    .map(([env, config]) => ({ env, ...deployed(config), ...cellVariables.parse(config.vars) }))
    .filter((one) => one.CELL && deploymentOf(one.env, one.CELL) === deploymentOf(env, cell))
  const origins = Object.fromEntries(cells.map(({ CELL, origin }) => [CELL, origin]))
  const stale = cells.filter(({ CELLS = '' }) => !isDeepStrictEqual(cellsOf({ CELLS }), origins))
  return { cells, origins, stale: stale.map((one) => one.env) }
}

/** Works on one environment after the other. The reports of several are combined into one. */
export async function inTurn(environments: readonly Environment[], work: Work<Environment>) {
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
