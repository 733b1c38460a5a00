import { InvalidArgumentError, Option, type Command } from '@commander-js/extra-typings'
import { cellOf } from '../../../environment/cell.ts'
import {
  chooseStore,
  onStore,
  type StoreChoice,
  type StoreOptions,
} from '../../../environment/choice.ts'
import { checkClinic } from '../../../environment/clinic.ts'
import { withStore } from '../../../environment/open.ts'
import { Failure, Misuse } from '../../../terminal/failure.ts'
import { example, parseClinic } from '../../../terminal/options.ts'
import { print } from '../../../terminal/report.ts'
import { abortMove, carryOut, eraseSource, openMove, tellPlan } from './steps.ts'

export const define = (command: Command) =>
  onStore(command)
    .argument('<id>', 'as `clinic list` shows it', parseClinic)
    .option('--to-env <name>', 'the environment of the cell to move to')
    .option('--to-persist-to <dir>', 'the local state of the cell to move to')
    .addOption(
      new Option(
        '--settle <seconds>',
        'how long edges may remember the source (default: 75, or 0 with --local)',
      ).argParser(parseSeconds),
    )
    .option('--dry-run', 'say what would be copied, and change nothing')
    .option('--abort', 'give a move up that has not reached the tokens yet')
    .option('--erase-source', 'after the move, delete the rows that the source still has')
    .addHelpText(
      ...example('clinic move riverside --remote --env production-us --to-env production-eu'),
    )
    .action(
      async (id, { toEnv, toPersistTo, settle, dryRun, abort, eraseSource: erase, ...options }) => {
        if ([dryRun, abort, erase].filter(Boolean).length > 1) {
          throw new Misuse('--dry-run, --abort and --erase-source are different things: use one')
        }
        const from = await chooseStore(options)
        const to = await chooseTarget(options, toEnv, toPersistTo)
        const { cell, name } = await nameCells(from, to)
        const report = await withStore(from, (source) =>
          withStore(to, async (target) => {
            await checkClinic(source.db, from, id)
            const move = await openMove(source, target, id, cell, name)
            if (dryRun) return await tellPlan(move)
            if (abort) return await abortMove(move)
            if (erase) return await eraseSource(move)
            return await carryOut(move, settle ?? (from.place === 'local' ? 0 : 75))
          }),
        )
        print(report, options)
      },
    )

async function chooseTarget(
  options: StoreOptions,
  env: string | undefined,
  persistTo: string | undefined,
): Promise<StoreChoice> {
  if (options.local && !persistTo)
    throw new Misuse('say which cell to move to: --to-persist-to DIR')
  if (options.remote && !env) throw new Misuse('say which cell to move to: --to-env NAME')
  return await chooseStore({ ...options, ...(env && { env }), ...(persistTo && { persistTo }) })
}

/** The target's cell, which the source must know how to name to those who still come. */
async function nameCells(from: StoreChoice, to: StoreChoice) {
  const [{ cell: here, origins }, { cell }] = [await cellOf(from), await cellOf(to)]
  if (cell === undefined) throw new Failure(`the target (${to.flags}) is no cell: it has no CELL`)
  if (cell === here) throw new Failure(`both are the cell ${cell}: a clinic moves to another one`)
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
