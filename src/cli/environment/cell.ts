import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import { cellName, cellsOf } from '../../tokens/cell.ts'
import type { Report } from '../terminal/report.ts'
import type { Environment, LocalEnvironment } from './choose.ts'
import { deployed, readWranglerToml } from './wrangler-toml.ts'

/** The variables of the Worker that say which cell it is; none where it stands alone. */
const cellVariables = z
  .object({ CELL: cellName.optional(), CELLS: z.string().optional() })
  .catch({})
type CellVariables = z.infer<typeof cellVariables>

/** Where `npm run dev` writes down which cell the state is. */
const cellFile = ({ state }: LocalEnvironment) => join(state, 'cell.json')

export const rememberCell = (environment: LocalEnvironment, variables: CellVariables) =>
  writeFile(cellFile(environment), JSON.stringify(variables))

/** The cell that a store is, if it is one, and where every cell answers. */
export async function cellOf(environment: Environment) {
  const { CELL: cell, CELLS = '{}' } = cellVariables.parse(
    environment.place === 'remote'
      ? environment.config.vars
      : JSON.parse(await readFile(cellFile(environment), 'utf8').catch(() => '{}')),
  )
  return { cell, origins: cellsOf({ CELLS }) }
}

/** What the environments of one deployment share in their names: `production-eu` is a cell of `production`. */
export const deploymentOf = (env: string, cell: string) =>
  env.endsWith(`-${cell}`) ? env.slice(0, -cell.length - 1) : env

/**
 * The environments of wrangler.toml that are cells of the same deployment, in its order, where each of them answers, and
 * those whose CELLS says something else.
 */
export async function cellsOfDeployment(file: string, env: string, cell: string) {
  const { environments } = await readWranglerToml(file)
  const cells = Object.entries(environments)
    .map(([name, config]) => ({ env: name, config, ...cellVariables.parse(config.vars) }))
    .filter((one) => one.CELL && deploymentOf(one.env, one.CELL) === deploymentOf(env, cell))
  const origins = Object.fromEntries(
    cells.map(({ CELL, config }) => [CELL, deployed(config).origin]),
  )
  const stale = cells.filter(
    (one) => !isDeepStrictEqual(cellsOf({ CELLS: one.CELLS ?? '' }), origins),
  )
  return { cells, origins, stale: stale.map((one) => one.env) }
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
