import * as z from 'zod'
import { blankOr, INVALID, notOneOf } from '../../../fields/messages.ts'
import { text } from '../../../fields/text.ts'
import type { CataloguePlan } from '../../../operator/publish-plans.ts'
import type { Format } from '../../files/rows.ts'
import { cellOf, type ColumnType } from './column-types.ts'

/** As JSON in UTF-8. A page of a hundred plans is one text, for which D1 allows 2,000,000 bytes. */
const MAX_COVERAGE_BYTES = 15_000

/** A flag as JSON or a spreadsheet writes it. */
const flag = z.union(
  [
    z.boolean(),
    z.stringbool({ truthy: ['true', '1', 'yes', 'y'], falsy: ['false', '0', 'no', 'n'] }),
  ],
  { error: blankOr(notOneOf(['true', 'false', 'yes', 'no', '1', '0'])) },
)

/** A row of a plan file. `types` are those of its columns; in a CSV an empty cell is nothing. */
export function planRow(
  format: Format,
  types: ReadonlyMap<string, ColumnType>,
): z.ZodType<CataloguePlan> {
  const given = (name: string, value: unknown) => cellOf(value, types.get(name))
  const cell = (name: string, value: unknown) =>
    format === 'csv' && String(value).trim() === '' ? null : given(name, value)
  return z
    .looseObject({
      external_id: text(255),
      plan_name: text(255),
      carrier: text(255),
      plan_type: text(255),
      active: flag,
      coverage_details: z
        .preprocess(parseText, z.record(z.string(), z.unknown(), { error: INVALID }).nullable())
        .optional(),
    })
    .transform(
      ({ external_id, plan_name, carrier, plan_type, active, coverage_details, ...others }) => ({
        external_id,
        plan_name,
        carrier,
        plan_type,
        active,
        coverage_details: {
          ...mapValues(coverage_details ?? {}, given),
          ...mapValues(others, cell),
        },
      }),
    )
    .refine(
      ({ coverage_details }) =>
        Buffer.byteLength(JSON.stringify(coverage_details)) <= MAX_COVERAGE_BYTES,
      { path: ['coverage_details'], error: `is too long (maximum is ${MAX_COVERAGE_BYTES} bytes)` },
    )
}

/** A CSV may carry coverage details as JSON text. */
function parseText(value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (value === '') return null
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

const mapValues = (
  object: Record<string, unknown>,
  change: (name: string, value: unknown) => unknown,
) => Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(name, value)]))
