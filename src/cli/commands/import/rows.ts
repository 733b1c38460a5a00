import * as z from 'zod'
import { STDIN } from '../../files/input.ts'
import { openRejections, type RowErrors, type Rejections } from '../../files/rejections.ts'
import { openRows, type Format, type Row } from '../../files/rows.ts'
import { argument, flag, option } from '../../terminal/command.ts'
import { Failure } from '../../terminal/failure.ts'
import { startProgress } from '../../terminal/progress.ts'
import { counted, type Report } from '../../terminal/report.ts'
import type { Decision } from './column-types.ts'
import { oddities, type Oddities } from './oddities.ts'

/** A statement takes its rows as one JSON parameter, for which D1 allows 2 MB. */
const BATCH_ROWS = 500
const BATCH_CHARACTERS = 500_000

/** What every import takes. */
export const importWords = {
  file: argument('<file>', 'a CSV or NDJSON file (- for stdin)'),
  strict: flag('--strict', 'exit with 1 if any row is rejected'),
  dryRun: flag('--dry-run', 'say what would change, and change nothing'),
  rejected: option('--rejected <file>', 'where rejected rows go (default: <file>.rejected.ndjson)'),
}

export type ImportOptions = {
  dryRun?: true | undefined
  rejected?: string | undefined
  strict?: true | undefined
}

/** How rows of one resource are read and written. */
export type RowKind<Accepted> = {
  what: string
  /** The columns that a CSV must have. */
  required: readonly string[]
  /** Names the columns of a row, which a CSV must all have, as the schema knows them. */
  rename?: (row: Row, format: Format) => Row
  odd?: Oddities
  schema: (format: Format) => z.ZodType<Accepted>
  /** What only storage can find wrong with rows, good or bad, by their places. */
  check?: (rows: readonly CheckedRow<Accepted>[]) => Promise<ErrorsByPlace>
  /** `refused` are rows that storage refuses. */
  write: (rows: Accepted[]) => Promise<Partial<Counts> & { refused?: ErrorsByPlace }>
}

type ErrorsByPlace = ReadonlyMap<number, RowErrors>

type Columns = Record<string, unknown>

/** A row as it was read, with what the schema made of it or found wrong with it. */
export type CheckedRow<Accepted> = {
  row: Row
  accepted: Accepted | undefined
  errors: RowErrors | undefined
}

export type Counts = { inserted: number; updated: number; unchanged: number }
export type Imported = {
  counts: Counts
  rejections: Rejections
  read: number
  /** What looks odd in the file, though it was taken. */
  warnings: readonly string[]
}

/** Where rejected rows go unless the operator says otherwise. */
export const rejectedFileOf = (file: string) => `${file === STDIN ? 'stdin' : file}.rejected.ndjson`

/** Where nothing was written because the clinic is not open. */
export function refuseWrites(clinicId: string): never {
  throw new Failure(`${clinicId} takes no writes now: see \`list\``)
}

/** Writes the rows of a file in batches, and sets aside those that are wrong. Throws Failure. */
export async function importRows<Accepted>(
  file: string,
  { dryRun, rejected = rejectedFileOf(file) }: ImportOptions,
  signal: AbortSignal,
  { what, required, rename, odd = oddities(), schema, check, write }: RowKind<Accepted>,
): Promise<Imported> {
  const { format, rows, share } = await openRows(file, rename ? [] : required, signal)
  const rowSchema = schema(format)
  const rejections = await openRejections(rejected, { dryRun })
  const progress = startProgress(`${dryRun ? 'checking' : 'importing'} ${what}`)
  const counts: Counts = { inserted: 0, updated: 0, unchanged: 0 }
  let batch: CheckedRow<Accepted>[] = []
  let characters = 0
  let count = 0

  const flush = async () => {
    signal.throwIfAborted()
    if (batch.length > 0) addErrors(batch, await check?.(batch))
    const good = batch.filter(({ errors }) => !errors)
    const accepted = good.flatMap((one) => (one.accepted === undefined ? [] : [one.accepted]))
    if (accepted.length > 0) {
      const { inserted = 0, updated = 0, unchanged = 0, refused } = await write(accepted)
      counts.inserted += inserted
      counts.updated += updated
      counts.unchanged += unchanged
      addErrors(good, refused)
    }
    for (const { row, errors } of batch) if (errors) await rejections.add(row, errors)
    batch = []
    characters = 0
    progress.show(count, share())
  }
  try {
    for await (const read of rows) {
      count++
      noteDamage(read, odd)
      const row = read.columns && rename ? rename(read, format) : read
      if (count === 1 && rename && format === 'csv') expectColumns(file, required, row.columns)
      const { data, error } = rowSchema.safeParse(row.columns)
      const errors = row.fault ? { row: [row.fault] } : error && errorsOf(error)
      batch.push({ row, accepted: data, errors })
      characters += JSON.stringify(data ?? {}).length
      if (batch.length === BATCH_ROWS || characters > BATCH_CHARACTERS) await flush()
    }
    await flush()
    return { counts, rejections, read: count, warnings: odd.list() }
  } catch (error) {
    // What could not be read ends the import, and some of it may be written.
    if (!(error instanceof Failure) || dryRun) throw error
    const { inserted, updated } = counts
    const written =
      inserted + updated > 0
        ? `before it ${counted(inserted)} were inserted and ${counted(updated)} updated: correct the file, and import it again`
        : 'nothing was written'
    throw new Failure(`${error.message}; ${written}`)
  } finally {
    progress.stop()
    await rejections.close()
  }
}

function addErrors(rows: CheckedRow<unknown>[], found: ErrorsByPlace = new Map()) {
  for (const [place, errors] of found) {
    const row = rows[place]
    if (row) row.errors = { ...row.errors, ...errors }
  }
}

/** Throws Failure. */
function expectColumns(file: string, required: readonly string[], columns: Columns = {}) {
  const missing = required.filter((name) => !(name in columns))
  if (missing.length > 0) throw new Failure(`${file} has no column ${missing.join(', ')}`)
}

const errorsOf = (error: z.ZodError): RowErrors => z.flattenError(error).fieldErrors

/** Text in UTF-8 that was taken for another encoding, and made UTF-8 once more: `JosÃ©`, `Oâ€™Neil`. */
const ENCODED_TWICE =
  /Ã[\u0080-\u00BF\u2018-\u203A\u20AC\u0152-\u0192\u02C6\u02DC]|Â[\u00A0-\u00BF]|â€/

function noteDamage({ line, columns }: Row, odd: Oddities) {
  const text = Object.values(columns ?? {}).join('\n')
  if (text.includes('\uFFFD')) odd.note('U+FFFD, where characters were lost before', line)
  if (ENCODED_TWICE.test(text)) odd.note('text that was encoded twice before', line)
}

type Outcome = {
  deactivated?: number | undefined
  /** Why no plan was deactivated though that was asked for. */
  refusal?: string | undefined
  catalogueVersion?: string
  warnings?: readonly string[]
  /** What was made of a catalogue's columns. */
  columns?: readonly Decision[]
  /** More counts. */
  more?: Record<string, number>
}

/** What an import tells. */
export function reportOf(
  { counts, rejections, read, warnings: ofFile }: Imported,
  { dryRun, strict }: ImportOptions,
  { deactivated, refusal, catalogueVersion, more, columns = [], ...outcome }: Outcome = {},
): Report {
  const warnings = [...(outcome.warnings ?? []), ...ofFile]
  const all = {
    ...counts,
    ...more,
    ...(deactivated !== undefined && { deactivated }),
    rejected: rejections.count,
  }
  const isSame = counts.inserted + counts.updated + (deactivated ?? 0) === 0
  const isEmpty = read === rejections.count
  const hasFile = rejections.count > 0 && !dryRun
  return {
    json: {
      ...all,
      ...(hasFile && { rejected_file: rejections.file }),
      ...(dryRun && { dry_run: true }),
      ...(catalogueVersion && { catalogue_version: catalogueVersion }),
      ...(refusal && { refusal }),
      ...(warnings.length > 0 && { warnings }),
      ...(columns.length > 0 && { columns }),
    },
    failed: refusal !== undefined || isEmpty || (strict === true && rejections.count > 0),
    lines: [
      ...columns.map(({ column, type, example }) => `${column}: ${type}, such as ${example}`),
      ...warnings.map((warning) => `warning: ${warning}`),
      ...rejections.shown,
      ...(hasFile ? [`all rejected rows are in ${rejections.file}`] : []),
      Object.entries(all)
        .map(([name, count]) => `${counted(count)} ${name}`)
        .join(', '),
      ...(read === 0 ? ['the file has no row'] : isEmpty ? ['no row could be taken'] : []),
      ...(dryRun ? ['dry run: nothing was written'] : isSame ? ['nothing changed'] : []),
      ...(catalogueVersion ? [`catalogue version: ${catalogueVersion}`] : []),
      ...(refusal ? [refusal] : []),
    ],
  }
}
