import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import * as z from 'zod'
import { INVALID, TAKEN } from '../fields/messages.ts'
import { recordId } from '../fields/number.ts'
import { ownableType } from '../fields/ownable-type.ts'
import { compareOwnables, registerOwnables } from '../ownables/queries.ts'
import { CATALOGUE_KEY, publishCatalogue, readCatalogue } from '../plans/catalogue.ts'
import {
  comparePlans,
  deactivatePlans,
  listActivePlans,
  upsertPlans,
  type CataloguePlan,
} from '../plans/queries.ts'
import { Failure, stopAtCtrlC } from './failure.ts'
import { STDIN } from './files.ts'
import { withStore, type Store } from './open-store.ts'
import { clinicNamed } from './option-values.ts'
import { counted, type Report } from './output.ts'
import { PLAN_COLUMNS, planRow } from './plan-row.ts'
import { startProgress } from './progress.ts'
import { openRows, type Format, type Row } from './rows.ts'
import { resolveFromCaller, type StoreChoice } from './store.ts'

/** A statement takes its rows as one JSON parameter, of which D1 allows 2 MB. */
const BATCH_ROWS = 500
const BATCH_CHARACTERS = 500_000

/** The report names the first few; the file has them all. */
const REJECTIONS_SHOWN = 10

/** Stands in KV while D1 may hold plans that no edge serves, as after an import that was cut short. */
const UNPUBLISHED_KEY = 'catalogue:unpublished'

type FieldErrors = Record<string, string[]>
type Counts = { inserted: number; updated: number; unchanged: number }
type ImportChoice = StoreChoice & { dryRun?: boolean; rejected?: string }

/** What is particular to one kind of row. */
type Kind<Accepted> = {
  what: string
  columns: readonly string[]
  row: (format: Format) => z.ZodType<Accepted>
  /** What is wrong with a row that is right by itself. */
  furtherErrors: (row: Accepted) => FieldErrors
  write: (rows: Accepted[]) => Promise<Partial<Counts>>
}

type Imported = { counts: Counts; rejections: Rejections }

/** A CSV has its ids as digits. */
const ownableRow = z.object({
  type: ownableType,
  id: z.preprocess(
    (value) =>
      typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value || null,
    recordId,
  ),
})

/** Upserts a catalogue by `external_id` and, if it changed, moves every edge to the new version. */
export async function importPlans(
  file: string,
  options: ImportChoice & { deactivateMissing?: boolean; republish?: boolean },
): Promise<Report> {
  return await withStore(options, async (store) => {
    const signal = stopAtCtrlC()
    const seen = new Set<string>()
    const wasCutShort = (await store.kv.get(UNPUBLISHED_KEY)) !== null
    let isMarked = wasCutShort
    const write = async (rows: CataloguePlan[]) => {
      if (options.dryRun) return await comparePlans(store.db, rows)
      if (!isMarked) await store.kv.put(UNPUBLISHED_KEY, new Date().toISOString())
      isMarked = true
      return await upsertPlans(store.db, rows)
    }

    const imported = await importRows(file, options, signal, {
      what: 'plans',
      columns: PLAN_COLUMNS,
      row: planRow,
      // Two rows of one plan would overwrite each other at every run.
      furtherErrors: ({ external_id }: CataloguePlan) =>
        seen.size === seen.add(external_id).size ? { external_id: [TAKEN] } : {},
      write,
    })
    const refusal = options.deactivateMissing ? whyNotDeactivate(seen, imported) : undefined
    const deactivated =
      options.deactivateMissing && !refusal
        ? await deactivateMissing(store, seen, options, signal)
        : undefined
    if (options.dryRun) return report(imported, options, { deactivated, refusal })

    const { inserted, updated } = imported.counts
    const hasChanged = wasCutShort || inserted + updated + (deactivated ?? 0) > 0
    const catalogueVersion = await publish(store, options.republish || hasChanged)
    return report(imported, options, { deactivated, refusal, catalogueVersion })
  })
}

/** Registers a clinic's ownables from the columns `type` and `id`. */
export async function importOwnables(
  file: string,
  options: ImportChoice & { clinic: string },
): Promise<Report> {
  const clinic = clinicNamed(options.clinic)
  return await withStore(options, async ({ db }) => {
    const signal = stopAtCtrlC()
    const imported = await importRows(file, options, signal, {
      what: 'ownables',
      columns: ['type', 'id'],
      row: () => ownableRow,
      furtherErrors: () => ({}),
      write: (rows) => (options.dryRun ? compareOwnables : registerOwnables)(db, clinic, rows),
    })
    return report(imported, options, {})
  })
}

async function importRows<Accepted>(
  file: string,
  options: ImportChoice,
  signal: AbortSignal,
  kind: Kind<Accepted>,
): Promise<Imported> {
  const { format, rows, share } = await openRows(file, kind.columns, signal)
  const rowSchema = kind.row(format)
  const rejections = await openRejections(file, kind.columns, options)
  const progress = startProgress(
    options.dryRun ? `checking ${kind.what}` : `importing ${kind.what}`,
  )
  const counts: Counts = { inserted: 0, updated: 0, unchanged: 0 }
  let batch: Accepted[] = []
  let characters = 0
  let read = 0

  const flush = async () => {
    signal.throwIfAborted()
    if (batch.length > 0) {
      const { inserted = 0, updated = 0, unchanged = 0 } = await kind.write(batch)
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
      const accepted = check(row, rowSchema, kind)
      if (accepted.success) {
        batch.push(accepted.data)
        characters += JSON.stringify(accepted.data).length
      } else {
        await rejections.add(row, accepted.errors)
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

function check<Accepted>(
  { columns }: Row,
  schema: z.ZodType<Accepted>,
  kind: Kind<Accepted>,
): { success: true; data: Accepted } | { success: false; errors: FieldErrors } {
  if (columns === undefined) return { success: false, errors: { row: [INVALID] } }
  const row = schema.safeParse(columns)
  if (!row.success) return { success: false, errors: messagesOf(row.error) }
  const errors = kind.furtherErrors(row.data)
  return Object.keys(errors).length > 0
    ? { success: false, errors }
    : { success: true, data: row.data }
}

function messagesOf({ issues }: z.ZodError): FieldErrors {
  const errors: FieldErrors = {}
  for (const { path, message } of issues) (errors[String(path[0] ?? 'row')] ??= []).push(message)
  return errors
}

/** Serves what D1 holds now, if the catalogue changed or none is served yet. */
async function publish({ db, kv }: Store, changed: boolean): Promise<string> {
  const served = readCatalogue(await kv.get(CATALOGUE_KEY))
  const { version } = changed || !served ? await publishCatalogue(kv, db.bookmark()) : served
  await kv.delete(UNPUBLISHED_KEY)
  return version
}

/** Why the file cannot tell which plans are missing, or undefined if it can. */
function whyNotDeactivate(seen: ReadonlySet<string>, { rejections }: Imported): string | undefined {
  if (rejections.count > 0) {
    return 'nothing was deactivated, since a rejected row may name any plan: correct them and run this again'
  }
  return seen.size === 0 ? 'nothing was deactivated, since the file names no plan' : undefined
}

/** Makes inactive what the file does not name, and tells how many. */
async function deactivateMissing(
  { db }: Store,
  seen: ReadonlySet<string>,
  { dryRun }: ImportChoice,
  signal: AbortSignal,
): Promise<number> {
  let deactivated = 0
  let after = 0
  for (;;) {
    signal.throwIfAborted()
    const active = await listActivePlans(db, after, BATCH_ROWS)
    const last = active.at(-1)
    if (last === undefined) return deactivated
    const missing = active.filter(({ external_id }) => !seen.has(external_id)).map(({ id }) => id)
    if (!dryRun && missing.length > 0) await deactivatePlans(db, missing)
    deactivated += missing.length
    after = last.id
  }
}

/** Where rejected rows go: a file made at the first of them, since most imports have none. */
type Rejections = Awaited<ReturnType<typeof openRejections>>

async function openRejections(
  file: string,
  names: readonly string[],
  { rejected, dryRun }: ImportChoice,
) {
  const path = resolveFromCaller(rejected ?? `${file === STDIN ? 'stdin' : file}.rejected.ndjson`)
  if (!dryRun) await rm(path, { force: true })
  let stream: WriteStream | undefined
  const shown: string[] = []
  let count = 0
  return {
    file: path,
    shown,
    get count() {
      return count
    },
    async add({ line, columns }: Row, errors: FieldErrors) {
      count++
      if (shown.length < REJECTIONS_SHOWN) shown.push(`line ${line} rejected: ${sentence(errors)}`)
      if (dryRun) return
      stream ??= await openedFor(path)
      // The file may be the wrong one, and of people: no column goes on but those that were asked for.
      const row = Object.fromEntries(names.map((name) => [name, columns?.[name]]))
      const written = stream.write(`${JSON.stringify({ line, errors, row })}\n`)
      if (!written) await once(stream, 'drain')
    },
    async close() {
      if (stream) await finished(stream.end())
    },
  }
}

async function openedFor(path: string): Promise<WriteStream> {
  const stream = createWriteStream(path, { mode: 0o600 })
  await once(stream, 'open').catch(() => {
    throw new Failure(`cannot write ${path}: choose another file with --rejected`)
  })
  return stream
}

type Outcome = {
  deactivated?: number | undefined
  refusal?: string | undefined
  catalogueVersion?: string
}

function report(
  { counts, rejections }: Imported,
  { dryRun }: ImportChoice,
  { deactivated, refusal, catalogueVersion }: Outcome,
): Report {
  const all = {
    ...counts,
    ...(deactivated !== undefined && { deactivated }),
    rejected: rejections.count,
  }
  const isSame = counts.inserted + counts.updated + (deactivated ?? 0) === 0
  return {
    json: {
      ...all,
      ...(rejections.count > 0 && !dryRun && { rejected_file: rejections.file }),
      ...(dryRun && { dry_run: true }),
      ...(catalogueVersion && { catalogue_version: catalogueVersion }),
      ...(refusal && { refusal }),
    },
    failed: refusal !== undefined,
    lines: [
      ...rejections.shown,
      ...(rejections.count > 0 && !dryRun
        ? [`rejected rows, all of them: ${rejections.file}`]
        : []),
      Object.entries(all)
        .map(([what, count]) => `${counted(count)} ${what}`)
        .join(', '),
      ...(dryRun ? ['dry run: nothing was written'] : isSame ? ['nothing changed'] : []),
      ...(catalogueVersion ? [`catalogue version: ${catalogueVersion}`] : []),
      ...(refusal ? [refusal] : []),
    ],
  }
}

const sentence = (errors: FieldErrors) =>
  Object.entries(errors)
    .map(([field, messages]) => `${field} ${messages.join(', ')}`)
    .join('; ')
