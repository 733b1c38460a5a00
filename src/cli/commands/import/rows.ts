import type { Command } from '@commander-js/extra-typings'
import * as z from 'zod'
import { INVALID } from '../../../fields/messages.ts'
import { STDIN } from '../../files/input.ts'
import { openRejections, type FieldErrors, type Rejections } from '../../files/rejections.ts'
import { openRows, type Format } from '../../files/rows.ts'
import { onStore } from '../../store/choice.ts'
import { startProgress } from '../../terminal/progress.ts'
import { counted, type Report } from '../../terminal/report.ts'

/** A statement takes its rows as one JSON parameter, for which D1 allows 2 MB. */
const BATCH_ROWS = 500
const BATCH_CHARACTERS = 500_000

/** Adds what every import takes. */
export const onImport = (command: Command) =>
  onStore(command)
    .argument('<file>', 'a CSV or NDJSON file (- for stdin)')
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--rejected <file>', 'where rejected rows go (default: <file>.rejected.ndjson)')

export type ImportOptions = { dryRun?: true | undefined; rejected?: string | undefined }

/** How rows of one kind are read and written. */
export type RowKind<Accepted> = {
  what: string
  columns: readonly string[]
  schema: (format: Format) => z.ZodType<Accepted>
  write: (rows: Accepted[]) => Promise<Partial<Counts>>
}

export type Counts = { inserted: number; updated: number; unchanged: number }
export type Imported = { counts: Counts; rejections: Rejections }

/** Writes the rows of a file in batches, and sets aside those that are wrong. Throws Failure. */
export async function importRows<Accepted>(
  file: string,
  { dryRun, rejected = `${file === STDIN ? 'stdin' : file}.rejected.ndjson` }: ImportOptions,
  signal: AbortSignal,
  { what, columns, schema, write }: RowKind<Accepted>,
): Promise<Imported> {
  const { format, rows, share } = await openRows(file, columns, signal)
  const rowSchema = schema(format)
  const rejections = await openRejections(rejected, columns, { dryRun })
  const progress = startProgress(`${dryRun ? 'checking' : 'importing'} ${what}`)
  const counts: Counts = { inserted: 0, updated: 0, unchanged: 0 }
  let batch: Accepted[] = []
  let characters = 0
  let read = 0

  const flush = async () => {
    signal.throwIfAborted()
    if (batch.length > 0) {
      const { inserted = 0, updated = 0, unchanged = 0 } = await write(batch)
      counts.inserted += inserted
      counts.updated += updated
      counts.unchanged += unchanged
    }
    batch = []
    characters = 0
    progress.show(read, share())
  }
  try {
    for await (const row of rows) {
      read++
      const checked = rowSchema.safeParse(row.columns)
      if (checked.success) {
        batch.push(checked.data)
        characters += JSON.stringify(checked.data).length
      } else {
        await rejections.add(row, row.columns ? errorsOf(checked.error) : { row: [INVALID] })
      }
      if (batch.length === BATCH_ROWS || characters > BATCH_CHARACTERS) await flush()
    }
    await flush()
    return { counts, rejections }
  } finally {
    progress.stop()
    await rejections.close()
  }
}

const errorsOf = (error: z.ZodError): FieldErrors => z.flattenError(error).fieldErrors

type Outcome = {
  deactivated?: number | undefined
  /** Why no plan was deactivated though that was asked for. */
  refusal?: string | undefined
  catalogueVersion?: string
}

/** What an import tells. */
export function reportOf(
  { counts, rejections }: Imported,
  { dryRun }: ImportOptions,
  { deactivated, refusal, catalogueVersion }: Outcome = {},
): Report {
  const all = {
    ...counts,
    ...(deactivated !== undefined && { deactivated }),
    rejected: rejections.count,
  }
  const isSame = counts.inserted + counts.updated + (deactivated ?? 0) === 0
  const hasFile = rejections.count > 0 && !dryRun
  return {
    json: {
      ...all,
      ...(hasFile && { rejected_file: rejections.file }),
      ...(dryRun && { dry_run: true }),
      ...(catalogueVersion && { catalogue_version: catalogueVersion }),
      ...(refusal && { refusal }),
    },
    failed: refusal !== undefined,
    lines: [
      ...rejections.shown,
      ...(hasFile ? [`all rejected rows are in ${rejections.file}`] : []),
      Object.entries(all)
        .map(([name, count]) => `${counted(count)} ${name}`)
        .join(', '),
      ...(dryRun ? ['dry run: nothing was written'] : isSame ? ['nothing changed'] : []),
      ...(catalogueVersion ? [`catalogue version: ${catalogueVersion}`] : []),
      ...(refusal ? [refusal] : []),
    ],
  }
}
