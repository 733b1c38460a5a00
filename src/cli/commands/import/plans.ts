import * as z from 'zod'
import {
  clearStaged,
  comparePlans,
  countActivePlans,
  publishStaged,
  stagePlans,
  type CataloguePlan,
} from '../../../operator/publish-plans.ts'
import { readTwice, STDIN } from '../../files/input.ts'
import { inTurn } from '../../environment/cell.ts'
import { onEnvironments } from '../../environment/command.ts'
import { withStore, type Store } from '../../environment/open.ts'
import { flag, many } from '../../terminal/command.ts'
import { Misuse, stopAtCtrlC } from '../../terminal/failure.ts'
import type { Report } from '../../terminal/report.ts'
import { lookThrough, PLAN_COLUMNS } from './column-types.ts'
import { planRow } from './plan-row.ts'
import {
  importRows,
  importWords,
  rejectedFileOf,
  reportOf,
  type Imported,
  type ImportOptions,
} from './rows.ts'

type Options = ImportOptions & {
  deactivateMissing?: true | undefined
  republish?: true | undefined
  text?: string[] | undefined
  number?: string[] | undefined
}

export const command = onEnvironments({
  example: 'import plans plans.csv --local --dry-run',
  takes: {
    ...importWords,
    deactivateMissing: flag(
      '--deactivate-missing',
      'make the plans inactive that the file does not name',
    ),
    text: many('--text <column...>', 'columns that stay text, whatever their values look like'),
    number: many(
      '--number <column...>',
      'columns of numbers; a row with anything else is rejected',
    ),
    republish: flag(
      '--republish',
      'serve a new version even if nothing changed, as after a restore',
    ),
  },
  async work({ file, ...options }, environments) {
    if (environments.length > 1 && file === STDIN) {
      throw new Misuse('stdin can be read once: with --all-cells name a file')
    }
    return await inTurn(environments, (environment) =>
      withStore(environment, (store) => importPlans(store, file, options)),
    )
  },
})

/**
 * Stages the rows of a file, then takes all of them over at once, by `external_id`: whoever lists plans sees the old
 * catalogue or the new one. An import that is cut short has changed nothing.
 */
export async function importPlans(
  { db, kv, leave }: Pick<Store, 'db' | 'kv' | 'leave'>,
  file: string,
  options: Options,
): Promise<Report> {
  const seen = new Set<string>()
  let stillActive = 0
  const compare = async (rows: CataloguePlan[]) => {
    const { active, ...counts } = await comparePlans(db, rows)
    stillActive += active
    return counts
  }
  const stage = async (rows: CataloguePlan[]) => {
    await stagePlans(db, rows)
    return {}
  }
  const signal = stopAtCtrlC()
  await using read = await readTwice(file)
  const overrules = { text: options.text ?? [], number: options.number ?? [] }
  const { columns, warnings } = await lookThrough(read.path, overrules, signal)
  const types = new Map(columns.map(({ column, type }) => [column, type]))
  if (!options.dryRun) await clearStaged(db)
  const rejected = options.rejected ?? rejectedFileOf(file)
  const imported = await importRows(read.path, { ...options, rejected }, signal, {
    what: 'plans',
    required: PLAN_COLUMNS,
    schema: (format) => planRow(format, types).pipe(oncePerFile(seen)),
    write: options.dryRun ? compare : stage,
  })

  const refusal = options.deactivateMissing && whyNotDeactivate(seen, imported)
  const deactivate = options.deactivateMissing === true && !refusal
  if (options.dryRun) {
    const deactivated = deactivate ? (await countActivePlans(db)) - stillActive : undefined
    return reportOf(imported, options, { deactivated, refusal, warnings, columns })
  }

  const { republish } = options
  const { version, deactivated, ...counts } = await publishStaged(db, kv, { deactivate, republish })
  await leave({ action: 'import', resource: 'plans' })
  return reportOf({ ...imported, counts }, options, {
    ...(deactivate && { deactivated }),
    refusal,
    warnings,
    columns,
    catalogueVersion: version,
  })
}

/** Two rows of one plan would overwrite each other at every run. */
const oncePerFile = (seen: Set<string>) =>
  z.custom<CataloguePlan>().refine(({ external_id }) => seen.size < seen.add(external_id).size, {
    path: ['external_id'],
    error: 'is in this file twice: the first row counts',
  })

/** Why the file cannot tell which plans are missing, or undefined if it can. */
function whyNotDeactivate(seen: ReadonlySet<string>, { rejections }: Imported): string | undefined {
  if (rejections.count > 0) {
    return 'no plan was deactivated, since a rejected row may name any: correct those rows and run this again'
  }
  return seen.size === 0 ? 'no plan was deactivated, since the file names none' : undefined
}
