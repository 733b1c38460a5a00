import { InvalidArgumentError } from 'commander'
import { cellOf } from '../../../environment/cell.ts'
import {
  chooseEnvironment,
  type Environment,
  type EnvironmentOptions,
} from '../../../environment/choose.ts'
import { checkClinic } from '../../../environment/clinic.ts'
import { onEnvironment } from '../../../environment/command.ts'
import { withStore } from '../../../environment/open.ts'
import { flag, option } from '../../../terminal/command.ts'
import { Failure, Misuse } from '../../../terminal/failure.ts'
import { clinicArgument } from '../../../terminal/options.ts'
import { abortMove, carryOut, eraseSource, openMove, tellPlan } from './steps.ts'

export const command = onEnvironment({
  example: 'move riverside --remote --env production-us --to-env production-eu',
  takes: {
    id: clinicArgument,
    toEnv: option('--to-env <name>', 'the environment of the cell to move to'),
    toPersistTo: option('--to-persist-to <dir>', 'the local state of the cell to move to'),
    settle: option(
      '--settle <seconds>',
      'how long edges may remember the source (default: 75, or 0 with --local)',
      parseSeconds,
    ),
    dryRun: flag('--dry-run', 'say what would be copied, and change nothing'),
    abort: flag('--abort', 'undo a move that has not reached the tokens yet'),
    erase: flag('--erase-source', 'after the move, delete the rows that the source still has'),
  },
  check({ dryRun, abort, erase }) {
    if ([dryRun, abort, erase].filter(Boolean).length > 1) {
      throw new Misuse('use one of --dry-run, --abort and --erase-source')
    }
  },
  async work({ id, toEnv, toPersistTo, settle, dryRun, abort, erase }, from, options) {
    const to = await chooseTarget(options, toEnv, toPersistTo)
    const { cell, name } = await nameCells(from, to)
    return await withStore(from, (source) =>
      withStore(to, async (target) => {
        await checkClinic(source, id)
        const move = await openMove(source, target, id, cell, name)
        if (dryRun) return await tellPlan(move)
        if (abort) return await abortMove(move)
        if (erase) return await eraseSource(move)
        return await carryOut(move, settle ?? (from.place === 'local' ? 0 : 75))
      }),
    )
  },
})

async function chooseTarget(
  options: EnvironmentOptions,
  env: string | undefined,
  persistTo: string | undefined,
): Promise<Environment> {
  if (options.local && !persistTo)
    throw new Misuse('say which cell to move to: --to-persist-to DIR')
  if (options.remote && !env) throw new Misuse('say which cell to move to: --to-env NAME')
  return await chooseEnvironment({
    ...options,
    ...(env && { env }),
    ...(persistTo && { persistTo }),
  })
}

/** The target's cell, which the source must know how to name to those who still come. */
async function nameCells(from: Environment, to: Environment) {
  const [{ cell: here, origins }, { cell }] = [await cellOf(from), await cellOf(to)]
  if (cell === undefined)
    throw new Failure(`the target (${to.flags}) is not a cell: it has no CELL`)
  if (cell === here) throw new Failure(`both are the cell ${cell}: name another one to move to`)
  const origin = origins[cell]
  if (origin === undefined) {
    throw new Failure(`the source does not know the cell ${cell}: add its origin to CELLS there`)
  }
  return { cell, name: `${cell} (${origin})` }
}

function parseSeconds(value: string): number {
  if (/^\d{1,4}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('Use a number from 0 to 9999.')
}
