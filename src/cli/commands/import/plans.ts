import type { Command } from '@commander-js/extra-typings'
import * as z from 'zod'
import { TAKEN } from '../../../fields/messages.ts'
import { isUnpublished, markUnpublished, publishCatalogue } from '../../../plans/publish.ts'
import {
  comparePlans,
  deactivatePlans,
  listActivePlans,
  upsertPlans,
  type CataloguePlan,
} from '../../../plans/queries.ts'
import { chooseStore } from '../../store/choice.ts'
import { withStore, type Store } from '../../store/open.ts'
import { stopAtCtrlC } from '../../terminal/failure.ts'
import { example } from '../../terminal/options.ts'
import { print, type Report } from '../../terminal/report.ts'
import { PLAN_COLUMNS, planRow } from './plan-row.ts'
import { importRows, onImport, reportOf, type Imported, type ImportOptions } from './rows.ts'

const PAGE_ROWS = 500

type Options = ImportOptions & {
  deactivateMissing?: true | undefined
  republish?: true | undefined
}

export const define = (command: Command) =>
  onImport(command)
    .option('--deactivate-missing', 'make the plans inactive that the file does not name')
    .option('--republish', 'serve a new version even if nothing changed, as after a restore')
    .addHelpText(...example('import plans plans.csv --local --dry-run'))
    .action(async (file, options) => {
      const choice = await chooseStore(options)
      print(await withStore(choice, (store) => importPlans(store, file, options)), options)
    })

/** Upserts plans by `external_id` and, if that changed any, moves every edge to the new catalogue. */
export async function importPlans(
  { db, kv }: Pick<Store, 'db' | 'kv'>,
  file: string,
  options: Options,
): Promise<Report> {
  const signal = stopAtCtrlC()
  const seen = new Set<string>()
  const wasCutShort = await isUnpublished(kv)
  let isMarked = wasCutShort
  const write = async (rows: CataloguePlan[]) => {
    if (options.dryRun) return await comparePlans(db, rows)
    if (!isMarked) await markUnpublished(kv)
    isMarked = true
    return await upsertPlans(db, rows)
  }
  const imported = await importRows(file, options, signal, {
    what: 'plans',
    columns: PLAN_COLUMNS,
    schema: (format) => planRow(format).pipe(oncePerFile(seen)),
    write,
  })

  const refusal = options.deactivateMissing ? whyNotDeactivate(seen, imported) : undefined
  const deactivated =
    options.deactivateMissing && !refusal
      ? await deactivateMissing(db, seen, options, signal)
      : undefined
  if (options.dryRun) return reportOf(imported, options, { deactivated, refusal })

  const { inserted, updated } = imported.counts
  const hasChanged = options.republish || wasCutShort || inserted + updated + (deactivated ?? 0) > 0
  const { version: catalogueVersion } = await publishCatalogue(kv, db.bookmark(), hasChanged)
  return reportOf(imported, options, { deactivated, refusal, catalogueVersion })
}

/** Two rows of one plan would overwrite each other at every run. */
const oncePerFile = (seen: Set<string>) =>
  z.custom<CataloguePlan>().refine(({ external_id }) => seen.size < seen.add(external_id).size, {
    path: ['external_id'],
    error: TAKEN,
  })

/** Why the file cannot tell which plans are missing, or undefined if it can. */
function whyNotDeactivate(seen: ReadonlySet<string>, { rejections }: Imported): string | undefined {
  if (rejections.count > 0) {
    return 'no plan was deactivated, since a rejected row may name any: correct those rows and run this again'
  }
  return seen.size === 0 ? 'no plan was deactivated, since the file names none' : undefined
}

/** Makes the plans inactive that the file does not name, and gives their number. */
async function deactivateMissing(
  db: Store['db'],
  seen: ReadonlySet<string>,
  { dryRun }: Options,
  signal: AbortSignal,
): Promise<number> {
  let deactivated = 0
  let after = 0
  for (;;) {
    signal.throwIfAborted()
    const active = await listActivePlans(db, after, PAGE_ROWS)
    const last = active.at(-1)
    if (last === undefined) return deactivated
    const missing = active.filter(({ external_id }) => !seen.has(external_id)).map(({ id }) => id)
    if (!dryRun && missing.length > 0) await deactivatePlans(db, missing)
    deactivated += missing.length
    after = last.id
  }
}
