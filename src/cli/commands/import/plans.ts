import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  clearStaged,
  comparePlans,
  countActivePlans,
  publishStaged,
  stagePlans,
  type CataloguePlan,
} from '../../../operator/publish-plans.ts'
import { inTurn } from '../../environment/cell.ts'
import { onEnvironments } from '../../environment/command.ts'
import { withStore, type Store } from '../../environment/open.ts'
import { flag, many, type Values } from '../../terminal/command.ts'
import { Misuse } from '../../terminal/failure.ts'
import type { Report } from '../../terminal/report.ts'
import { STDIN } from '../../files/input.ts'
import { lookThrough } from './column-types.ts'
import { PLAN_COLUMNS, planRow } from './plan-row.ts'
import { importRows, importWords, readBy, rejectedFileOf, reportOf } from './rows.ts'

const words = {
  ...importWords,
  deactivateMissing: flag('--deactivate-missing', 'deactivate plans that the file does not have'),
  text: many('--text <column...>', 'columns that stay text, whatever their values look like'),
  number: many('--number <column...>', 'columns of numbers; a row with anything else is rejected'),
  republish: flag('--republish', 'publish a new version even if nothing changed (after a restore)'),
}

type Options = Partial<Values<typeof words>>

export const command = onEnvironments({
  example: 'import plans plans.csv --local --dry-run',
  takes: words,
  async work({ file, ...options }, environments) {
    if (environments.length > 1 && file === STDIN) {
      throw new Misuse('stdin can be read once: with --all-cells name a file')
    }
    return await inTurn(environments, (environment) =>
      withStore(environment, (store) => importPlans(store, file, options)),
    )
  },
})

const NOT_DEACTIVATED =
  'no plan was deactivated: for that a file must name a plan, and have no rejected row, which may name any'

/**
 * Stages the rows of a file, then publishes them all at once, by `external_id`: readers see either the old catalogue or
 * the new one. An interrupted import has changed nothing.
 */
export async function importPlans(
  { db, kv, leave }: Pick<Store, 'db' | 'kv' | 'leave'>,
  file: string,
  { text = [], number = [], deactivateMissing, republish, ...options }: Options,
): Promise<Report> {
  const { dryRun, rejected = rejectedFileOf(file) } = options
  // The file is read twice, so stdin is saved first.
  await using kept = file === STDIN ? await mkdtempDisposable(join(tmpdir(), 'clinic-')) : undefined
  const path = kept ? join(kept.path, 'stdin') : file
  if (kept) await writeFile(path, process.stdin, { mode: 0o600 })
  const { isJson, columns } = await lookThrough(path, text, number)
  const types = new Map(columns.map(({ column, type }) => [column, type]))
  if (!dryRun) await clearStaged(db)

  const seen = new Set<string>()
  // Two rows of one plan would overwrite each other in every import.
  const row = planRow(isJson, types).refine(
    ({ external_id }) => seen.size < seen.add(external_id).size,
    { path: ['external_id'], error: 'is in this file twice: the first row counts' },
  )
  let stillActive = 0
  async function write(rows: CataloguePlan[]) {
    if (!dryRun) {
      await stagePlans(db, rows)
      return {}
    }
    const { active, ...counts } = await comparePlans(db, rows)
    stillActive += active
    return counts
  }
  const from = { what: 'plans', required: PLAN_COLUMNS, read: readBy(row), write }
  const imported = await importRows(path, { dryRun, rejected }, from)

  const isComplete = imported.rejections.count === 0 && seen.size > 0
  const deactivate = deactivateMissing === true && isComplete
  const refusal = deactivateMissing && !isComplete ? NOT_DEACTIVATED : undefined
  const missing = dryRun && deactivate ? (await countActivePlans(db)) - stillActive : 0
  const { version, deactivated, ...counts } = dryRun
    ? { ...imported.counts, version: undefined, deactivated: missing }
    : await publishStaged(db, kv, { deactivate, republish })
  if (!dryRun) await leave({ action: 'import', resource: 'plans' })
  return reportOf({ ...imported, counts }, options, {
    counts: deactivate ? { deactivated } : {},
    json: { ...(columns.length > 0 && { columns }), refusal, catalogue_version: version },
    failed: refusal !== undefined,
    lines: [
      ...columns.map(({ column, type, example }) => `${column}: ${type}, such as ${example}`),
      ...(refusal ? [refusal] : []),
      ...(version ? [`catalogue version: ${version}`] : []),
    ],
  })
}
