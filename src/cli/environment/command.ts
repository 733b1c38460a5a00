import {
  commandTaking,
  flag,
  type Definition,
  type Values,
  type Spec,
  type Words,
} from '../terminal/command.ts'
import type { Report } from '../terminal/report.ts'
import { chooseEnvironments } from './cell.ts'
import {
  chooseEnvironment,
  environmentOptions,
  type Environment,
  type EnvironmentOptions,
} from './choose.ts'
import { withStore, type Store } from './open.ts'

type EnvironmentWork<Own extends Words> = (
  given: Values<Own>,
  environment: Environment,
  options: EnvironmentOptions,
) => Promise<Report>

/** A command about an environment, whose store it need not open. */
export const onEnvironment = <Own extends Words>({
  work,
  ...spec
}: Spec<Own> & { work: EnvironmentWork<Own> }): Definition =>
  commandTaking(environmentOptions, spec, async (given, options) =>
    work(given, await chooseEnvironment(options), options),
  )

/** A command about a store, which is opened for it. */
export const onStore = <Own extends Words>({
  work,
  ...spec
}: Spec<Own> & { work: (given: Values<Own>, store: Store) => Promise<Report> }): Definition =>
  onEnvironment({
    ...spec,
    work: (given, environment) => withStore(environment, (store) => work(given, store)),
  })

const allCells = flag('--all-cells', 'do it for every cell of the deployment, one after the other')

/** A command about one environment or, with `--all-cells`, about all cells of its deployment. */
export const onEnvironments = <Own extends Words>({
  work,
  ...spec
}: Spec<Own> & {
  work: (given: Values<Own>, environments: readonly Environment[]) => Promise<Report>
}): Definition =>
  commandTaking({ ...environmentOptions, allCells }, spec, async (given, options) =>
    work(given, await chooseEnvironments(options)),
  )
