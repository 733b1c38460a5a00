import { commandOn, flag, type Work } from '../terminal/command.ts'
import { chooseEnvironments } from './cell.ts'
import { chooseEnvironment, environmentOptions, type Environment } from './choose.ts'
import { withStore, type Store } from './open.ts'

/** A command about an environment, whose store it need not open. */
export const onEnvironment = commandOn(
  environmentOptions,
  async (options, work: Work<Environment>) => work(await chooseEnvironment(options)),
)

/** A command about a store, which is opened for it. */
export const onStore = commandOn(environmentOptions, async (options, work: Work<Store>) =>
  withStore(await chooseEnvironment(options), work),
)

const allCells = flag('--all-cells', 'do it for every cell of the deployment, one after the other')

/** A command about one environment or, with `--all-cells`, about all cells of its deployment. */
export const onEnvironments = commandOn(
  { ...environmentOptions, allCells },
  async (options, work: Work<readonly Environment[]>) => work(await chooseEnvironments(options)),
)
