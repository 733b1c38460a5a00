import type * as z from 'zod'
import type { FieldErrors } from '../../../http/errors.ts'
import { errorsOf } from '../../../http/field-errors.ts'
import { STDIN } from '../../files/input.ts'
import { openRejections, type Rejections } from '../../files/rejections.ts'
import { openRows, type Row } from '../../files/rows.ts'
import { argument, flag, option } from '../../terminal/command.ts'
import { Failure, stopAtCtrlC } from '../../terminal/failure.ts'
import { startProgress } from '../../terminal/progress.ts'
import { counted, type Report } from '../../terminal/report.ts'

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

/** A row that can be taken, or what is wrong with it. */
export type Read<Accepted> =
  { accepted: Accepted; errors?: undefined } | { accepted?: undefined; errors: FieldErrors }

/** How rows of one resource are read and written. */
type RowKind<Accepted> = {
  what: string
  /** What the columns of a CSV must mean, and what they do. */
  required: readonly string[]
  meaning?: (names: readonly string[]) => Iterable<string>
  read: (columns: Record<string, unknown>, line: number) => Read<Accepted>
  /** `refused` says what is wrong with rows that storage refuses, by their places. */
  write: (
    rows: Accepted[],
  ) => Promise<Partial<Counts> & { refused?: ReadonlyMap<number, FieldErrors> }>
}

type Counts = { inserted: number; updated: number; unchanged: number }
export type Imported = {
  counts: Counts
  rejections: Rejections
  read: number
  /** Rows of damaged text, and the line of the first. */
  damaged: { rows: number; line: number }
}

/** Reads a row by a schema alone. */
export const readBy =
  <Accepted>(schema: z.ZodType<Accepted>) =>
  (columns: Record<string, unknown>): Read<Accepted> => {
    const { success, data, error } = schema.safeParse(columns)
    return success ? { accepted: data } : { errors: errorsOf(error, schema, 'field') }
  }

/** Where rejected rows go unless the operator says otherwise. */
export const rejectedFileOf = (file: string) => `${file === STDIN ? 'stdin' : file}.rejected.ndjson`

/** Where nothing was written because the clinic is not open. */
export function refuseWrites(clinicId: string): never {
  throw new Failure(`${clinicId} takes no writes now: see \`list\``)
}

/** Lost characters, and UTF-8 that was taken for another encoding and encoded once more: `JosÃ©`, `Oâ€™Neil`. */
const DAMAGED =
  /\uFFFD|Ã[\u0080-\u00BF\u2018-\u203A\u20AC\u0152-\u0192\u02C6\u02DC]|Â[\u00A0-\u00BF]|â€/

/** Writes the rows of a file in batches, and sets aside those that are wrong. Throws Failure. */
export async function importRows<Accepted>(
  file: string,
  { dryRun, rejected = rejectedFileOf(file) }: ImportOptions,
  { what, required, meaning, read, write }: RowKind<Accepted>,
): Promise<Imported> {
  const signal = stopAtCtrlC()
  const { rows, share } = await openRows(file, required, signal, meaning)
  const rejections = await openRejections(rejected, { dryRun })
  const progress = startProgress(`${dryRun ? 'checking' : 'importing'} ${what}`)
  const counts: Counts = { inserted: 0, updated: 0, unchanged: 0 }
  const damaged = { rows: 0, line: 0 }
  let batch: ({ row: Row } & Read<Accepted>)[] = []
  let characters = 0
  let count = 0

  const flush = async () => {
    signal.throwIfAborted()
    const accepted = batch.flatMap((one) => (one.errors ? [] : [one.accepted]))
    const written = accepted.length > 0 ? await write(accepted) : {}
    counts.inserted += written.inserted ?? 0
    counts.updated += written.updated ?? 0
    counts.unchanged += written.unchanged ?? 0
    let place = 0
    for (const one of batch) {
      const errors = one.errors ?? written.refused?.get(place++)
      if (errors) await rejections.add(one.row, errors)
    }
    batch = []
    characters = 0
    progress.show(count, share())
  }
  try {
    for await (const row of rows) {
      count++
      const { line, columns, fault } = row
      if (DAMAGED.test(Object.values(columns ?? {}).join('\n'))) {
        damaged.rows++
        damaged.line ||= line
      }
      const made = columns ? read(columns, line) : { errors: { row: [fault] } }
      batch.push({ row, ...made })
      characters += JSON.stringify(made).length
      if (batch.length === BATCH_ROWS || characters > BATCH_CHARACTERS) await flush()
    }
    await flush()
    return { counts, rejections, read: count, damaged }
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

/** What one import tells and others do not. */
type More = {
  counts?: Record<string, number>
  json?: Record<string, unknown>
  lines?: readonly string[]
  warnings?: readonly string[]
  failed?: boolean
}

/** What an import tells. */
export function reportOf(
  { counts, rejections, read, damaged }: Imported,
  { dryRun, strict }: ImportOptions,
  more: More = {},
): Report {
  const all = { ...counts, ...more.counts, rejected: rejections.count }
  const { inserted, updated, deactivated = 0 }: Record<string, number> & Counts = all
  const isEmpty = read === rejections.count
  const hasFile = rejections.count > 0 && !dryRun
  const text = `text that was damaged before: ${counted(damaged.rows)} of the rows, the first on line ${damaged.line}`
  const warnings = [...(damaged.rows > 0 ? [text] : []), ...(more.warnings ?? [])]
  return {
    json: {
      ...all,
      ...(hasFile && { rejected_file: rejections.file }),
      ...(dryRun && { dry_run: true }),
      ...(warnings.length > 0 && { warnings }),
      ...more.json,
    },
    failed: more.failed || isEmpty || (strict === true && rejections.count > 0),
    lines: [
      ...warnings.map((warning) => `warning: ${warning}`),
      ...rejections.shown,
      ...(hasFile ? [`all rejected rows are in ${rejections.file}`] : []),
      Object.entries(all)
        .map(([name, count]) => `${counted(count)} ${name}`)
        .join(', '),
      ...(isEmpty ? [read === 0 ? 'the file has no row' : 'no row could be taken'] : []),
      ...(dryRun ? ['dry run: nothing was written'] : []),
      ...(!dryRun && inserted + updated + deactivated === 0 ? ['nothing changed'] : []),
      ...(more.lines ?? []),
    ],
  }
}
