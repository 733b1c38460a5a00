import type * as z from 'zod'
import type { FieldErrors } from '../../../http/errors.ts'
import { errorsOf } from '../../../http/field-errors.ts'
import { STDIN } from '../../files/input.ts'
import { openRejections } from '../../files/rejections.ts'
import { openRows, type Row } from '../../files/rows.ts'
import { argument, flag, option, type Values } from '../../terminal/command.ts'
import { Failure, stopAtCtrlC } from '../../terminal/failure.ts'
import { startProgress } from '../../terminal/progress.ts'
import { counted, type Report } from '../../terminal/report.ts'

/** A statement takes its rows as one JSON parameter, for which D1 allows 2 MB. */
const BATCH_ROWS = 500
const BATCH_CHARACTERS = 500_000

export const importWords = {
  file: argument('<file>', 'a CSV or NDJSON file (- for stdin)'),
  strict: flag('--strict', 'exit with 1 if any row is rejected'),
  dryRun: flag('--dry-run', 'say what would change, and change nothing'),
  rejected: option('--rejected <file>', 'where rejected rows go (default: <file>.rejected.ndjson)'),
}

export type ImportOptions = Partial<Values<typeof importWords>>

/** A row as it was accepted, or its errors. */
export type Read<Accepted> = { accepted?: Accepted; errors?: FieldErrors | undefined }

/** Reads a row that ends on `line`. */
type Reader<Accepted> = (columns: Record<string, unknown>, line: number) => Read<Accepted>

export const readBy =
  <Accepted>(schema: z.ZodType<Accepted>): Reader<Accepted> =>
  (columns) => {
    const { success, data, error } = schema.safeParse(columns)
    return success ? { accepted: data } : { errors: errorsOf(error, schema, 'field') }
  }

export const rejectedFileOf = (file: string) => `${file === STDIN ? 'stdin' : file}.rejected.ndjson`

/** Lost characters, and UTF-8 that was read as another encoding and then encoded again: `JosÃ©`, `Oâ€™Neil`. */
const DAMAGED =
  /\uFFFD|Ã[\u0080-\u00BF\u2018-\u203A\u20AC\u0152-\u0192\u02C6\u02DC]|Â[\u00A0-\u00BF]|â€/

const COUNTS = ['inserted', 'updated', 'unchanged'] as const
type Counts = Record<(typeof COUNTS)[number], number>
/** The errors of refused rows, by line. */
type Refused = { refused?: ReadonlyMap<number, FieldErrors> }

/**
 * Reads the rows of a file, writes them in batches, and sets aside those that are wrong. A CSV's columns must provide
 * the `required` fields; `fieldsIn` returns the fields that they provide. Throws Failure.
 */
export async function importRows<Accepted>(
  file: string,
  { dryRun, rejected = rejectedFileOf(file) }: ImportOptions,
  from: {
    what: string
    required: readonly string[]
    fieldsIn?: (names: readonly string[]) => Iterable<string>
    read: Reader<Accepted>
    write: (rows: Accepted[]) => Promise<Partial<Counts> & Refused>
  },
) {
  const signal = stopAtCtrlC()
  const { rows, share } = await openRows(file, from.required, from.fieldsIn)
  await using rejections = await openRejections(rejected, dryRun)
  using progress = startProgress(`${dryRun ? 'checking' : 'importing'} ${from.what}`)
  const counts: Counts = { inserted: 0, updated: 0, unchanged: 0 }
  const damaged: number[] = []
  let read = 0
  try {
    for await (const batch of batchesOf(rows, from.read)) {
      signal.throwIfAborted()
      const accepted = batch.flatMap((row) => (row.accepted === undefined ? [] : [row.accepted]))
      const written = accepted.length > 0 ? await from.write(accepted) : {}
      for (const name of COUNTS) counts[name] += written[name] ?? 0
      for (const { line, columns = {}, errors = written.refused?.get(line) } of batch) {
        if (DAMAGED.test(Object.values(columns).join('\n'))) damaged.push(line)
        if (errors) await rejections.add(line, errors)
      }
      read += batch.length
      progress.show(read, share())
    }
    return { counts, rejections, read, damaged }
  } catch (error) {
    // An unreadable row ends the import, but earlier batches may have been written.
    if (!(error instanceof Failure) || dryRun) throw error
    const { inserted, updated } = counts
    if (inserted + updated === 0) throw new Failure(`${error.message}; nothing was written`)
    const written = `before it ${counted(inserted)} were inserted and ${counted(updated)} updated`
    throw new Failure(`${error.message}; ${written}: correct the file, and import it again`)
  }
}

/** Reads the rows, and groups them into batches that fit into one statement. */
async function* batchesOf<Accepted>(rows: AsyncIterable<Row>, read: Reader<Accepted>) {
  let batch: (Row & Read<Accepted>)[] = []
  let characters = 0
  for await (const row of rows) {
    const made = row.columns ? read(row.columns, row.line) : {}
    batch.push({ ...row, ...made })
    characters += JSON.stringify(made).length
    if (batch.length === BATCH_ROWS || characters > BATCH_CHARACTERS) {
      yield batch
      ;[batch, characters] = [[], 0]
    }
  }
  yield batch
}

/** The report of an import. `more` adds what only some imports report. */
export function reportOf(
  { counts, rejections, read, damaged }: Awaited<ReturnType<typeof importRows>>,
  { dryRun, strict }: ImportOptions,
  more: Partial<Report> & { counts?: Record<string, number>; warnings?: string[] } = {},
): Report {
  const all = { ...counts, ...more.counts, rejected: rejections.count }
  const { inserted, updated, deactivated = 0 }: Record<string, number> & Counts = all
  const sums = Object.entries(all).map(([name, count]) => `${counted(count)} ${name}`)
  const isEmpty = read === rejections.count
  const hasFile = rejections.count > 0 && !dryRun
  const text = `text that was damaged before: ${counted(damaged.length)} of the rows, the first on line ${damaged[0]}`
  const warnings = [...(damaged.length > 0 ? [text] : []), ...(more.warnings ?? [])]
  return {
    json: {
      ...all,
      ...(hasFile && { rejected_file: rejections.path }),
      ...(dryRun && { dry_run: true }),
      ...(warnings.length > 0 && { warnings }),
      ...more.json,
    },
    failed: more.failed || isEmpty || (strict === true && rejections.count > 0),
    lines: [
      ...warnings.map((warning) => `warning: ${warning}`),
      ...rejections.shown,
      ...(hasFile ? [`all rejected rows are in ${rejections.path}`] : []),
      sums.join(', '),
      ...(isEmpty ? [read === 0 ? 'the file has no row' : 'no row could be taken'] : []),
      ...(dryRun ? ['dry run: nothing was written'] : []),
      ...(!dryRun && inserted + updated + deactivated === 0 ? ['nothing changed'] : []),
      ...(more.lines ?? []),
    ],
  }
}
