import { cellOf } from '../../../environment/cell.ts'
import { chooseEnvironment, type Environment } from '../../../environment/choose.ts'
import { checkClinic } from '../../../environment/clinic.ts'
import { onEnvironment } from '../../../environment/command.ts'
import { withStore } from '../../../environment/open.ts'
import { flag, option } from '../../../terminal/command.ts'
import { Failure, Misuse } from '../../../terminal/failure.ts'
import { clinicArgument, wholeNumber } from '../../../terminal/options.ts'
import { abortMove, carryOut, eraseSource, openMove, tellPlan } from './steps.ts'

export const command = onEnvironment({
  example: 'move riverside --remote --env production-us --to-env production-eu',
  takes: {
    id: clinicArgument,
    toEnv: option('--to-env <name>', 'the environment of the cell to move to'),
    toPersistTo: option('--to-persist-to <dir>', 'the local state of the cell to move to'),
    settle: option(
      '--settle <seconds>',
      'how long to wait for edges to forget the source (default: 75, or 0 with --local)',
      wholeNumber(0, 9999),
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
  async work({ id, toEnv: env, toPersistTo: persistTo, settle, ...wanted }, from) {
    const isLocal = from.place === 'local'
    if (!(isLocal ? persistTo : env)) {
      throw new Misuse('say which cell to move to: --to-env, or --to-persist-to with --local')
    }
    const other = { ...(env && { env }), ...(persistTo && { persistTo }) }
    const to = await chooseEnvironment({ ...from.options, ...other })
    const cell = await checkCell(from, to)
    return await withStore(from, (source) =>
      withStore(to, async (target) => {
        await checkClinic(source, id)
        const move = await openMove(source, target, id, cell)
        if (wanted.dryRun) return await tellPlan(move)
        if (wanted.abort) return await abortMove(move)
        if (wanted.erase) return await eraseSource(move)
        return await carryOut(move, settle ?? (isLocal ? 0 : 75))
      }),
    )
  },
})

/** The target's cell. The source must know its origin, since it sends callers there. Throws Failure. */
async function checkCell(from: Environment, to: Environment): Promise<string> {
  const [here, { cell }] = [await cellOf(from), await cellOf(to)]
  if (cell === undefined)
    throw new Failure(`the target (${to.flags}) is not a cell: it has no CELL`)
  if (cell === here.cell)
    throw new Failure(`both are the cell ${cell}: name another one to move to`)
  if (cell in here.origins) return cell
  throw new Failure(`the source does not know the cell ${cell}: add its origin to CELLS there`)
}
