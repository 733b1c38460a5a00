import * as z from 'zod'
import { clinicId } from '../fields/clinic-id.ts'
import { BLANK, blankOr, INVALID, NOT_INCLUDED } from '../fields/messages.ts'
import { queryId, recordId } from '../fields/number.ts'
import { ownableType } from '../fields/ownable-type.ts'
import { text } from '../fields/text.ts'
import { registerOwnables } from '../ownables/queries.ts'
import { CATALOGUE_KEY, publishCatalogue, readCatalogue } from '../plans/catalogue.ts'
import { upsertPlans, type CataloguePlan } from '../plans/queries.ts'
import { Misuse } from './failure.ts'
import type { Report } from './output.ts'
import { readRows } from './rows.ts'
import { openStore, type StoreChoice } from './store.ts'

/** Rows a statement: some 250 KB of JSON, well below what one D1 parameter holds. */
const BATCH_ROWS = 500

type Rejected = { line: number; errors: Record<string, string[]> }
type Counts = { inserted: number; updated: number; unchanged: number }

const ownableRow = z.object({ type: ownableType, id: z.union([recordId, queryId]) })

/** A flag as JSON or a spreadsheet writes it. */
const flag = z.union(
  [
    z.boolean(),
    z.stringbool({ truthy: ['true', '1', 'yes', 'y'], falsy: ['false', '0', 'no', 'n'] }),
  ],
  { error: blankOr(NOT_INCLUDED) },
)

/** The columns that are a plan's own; every other one belongs to its coverage details. */
const planRow = z
  .looseObject({
    external_id: text(255),
    plan_name: text(255),
    carrier: text(255),
    plan_type: text(255),
    active: flag,
    coverage_details: z.record(z.string(), z.unknown(), { error: INVALID }).optional(),
  })
  .transform(
    ({
      external_id,
      plan_name,
      carrier,
      plan_type,
      active,
      coverage_details,
      ...others
    }): CataloguePlan => ({
      external_id,
      plan_name,
      carrier,
      plan_type,
      active,
      coverage_details: { ...coverage_details, ...others },
    }),
  )

/** Upserts a catalogue by `external_id` and, if it changed, moves every edge to the new version. */
export async function importPlans(file: string, options: StoreChoice): Promise<Report> {
  const store = await openStore(options)
  try {
    const { counts, rejected } = await importRows(file, planRow, (rows) =>
      upsertPlans(store.db, rows),
    )

    const changed = counts.inserted + counts.updated > 0
    const served = readCatalogue(await store.kv.get(CATALOGUE_KEY))
    const { version } =
      changed || !served ? await publishCatalogue(store.kv, store.bookmark()) : served
    return report(counts, rejected, { catalogue_version: version })
  } finally {
    await store.close()
  }
}

/** Registers a clinic's ownables from the columns `type` and `id`. */
export async function importOwnables(
  file: string,
  options: StoreChoice & { clinic: string },
): Promise<Report> {
  const clinic = clinicId.safeParse(options.clinic)
  if (!clinic.success) throw new Misuse(`--clinic: ${clinic.error.issues[0]?.message}`)
  const store = await openStore(options)
  try {
    const { counts, rejected } = await importRows(file, ownableRow, (rows) =>
      registerOwnables(store.db, clinic.data, rows),
    )
    return report(counts, rejected, {})
  } finally {
    await store.close()
  }
}

async function importRows<Accepted>(
  file: string,
  schema: z.ZodType<Accepted>,
  write: (rows: Accepted[]) => Promise<Partial<Counts>>,
) {
  const counts: Counts = { inserted: 0, updated: 0, unchanged: 0 }
  const rejected: Rejected[] = []
  let batch: Accepted[] = []
  const flush = async () => {
    const { inserted = 0, updated = 0, unchanged = 0 } = await write(batch)
    counts.inserted += inserted
    counts.updated += updated
    counts.unchanged += unchanged
    batch = []
  }

  for await (const { line, columns } of readRows(file)) {
    const row = schema.safeParse(columns)
    if (row.success) batch.push(row.data)
    else rejected.push({ line, errors: errorsOf(row.error) })
    if (batch.length === BATCH_ROWS) await flush()
  }
  if (batch.length > 0) await flush()
  return { counts, rejected }
}

function errorsOf(error: z.ZodError): Record<string, string[]> {
  const { fieldErrors } = z.flattenError(error)
  return Object.keys(fieldErrors).length > 0 ? fieldErrors : { row: [BLANK] }
}

function report(counts: Counts, rejected: Rejected[], more: Record<string, string>): Report {
  return {
    json: { ...counts, rejected: rejected.length, rejected_rows: rejected, ...more },
    lines: [
      ...rejected.map(({ line, errors }) => `line ${line} rejected: ${sentence(errors)}`),
      Object.entries({ ...counts, rejected: rejected.length })
        .map(([what, count]) => `${count} ${what}`)
        .join(', '),
      ...Object.entries(more).map(([what, value]) => `${what.replaceAll('_', ' ')}: ${value}`),
    ],
  }
}

const sentence = (errors: Record<string, string[]>) =>
  Object.entries(errors)
    .map(([field, messages]) => `${field} ${messages.join(', ')}`)
    .join('; ')
