import { commandOn, flag, type Work } from '../terminal/command.ts'
import { Failure, Misuse } from '../terminal/failure.ts'
import { cellOf, cellsOfDeployment } from './cell.ts'
import { chooseEnvironment, environmentOptions, type Environment } from './choose.ts'
import { withStore, type Store } from './open.ts'

/** A command on an environment, whose store is not opened. */
export const onEnvironment = commandOn(
  environmentOptions,
  async (options, work: Work<Environment>) => work(await chooseEnvironment(options)),
)

/** A command on a store, which is opened for it. */
export const onStore = commandOn(environmentOptions, async (options, work: Work<Store>) =>
  withStore(await chooseEnvironment(options), work),
)

const allCells = flag('--all-cells', 'do it for every cell of the deployment, one after the other')

/** A command on one environment or, with `--all-cells`, on all cells of its deployment. */
export const onEnvironments = commandOn(
  { ...environmentOptions, allCells },
  async ({ allCells, ...options }, work: Work<readonly Environment[]>) => {
    const environment = await chooseEnvironment(options)
    if (!allCells) return await work([environment])

    if (environment.place === 'local') throw new Misuse('--all-cells goes with --remote')
    const { file, env } = environment
    const { cell } = await cellOf(environment)
    if (cell === undefined) throw new Failure(`${env} is no cell: it has no CELL`)
    const { cells } = await cellsOfDeployment(file, env, cell)
    const each = cells.map(({ env }) => chooseEnvironment({ ...options, env }))
    return await work(await Promise.all(each))
  },
)
