import * as z from 'zod'
import { blankOr, INVALID, NOT_A_NUMBER, notOneOf } from '../../../fields/messages.ts'
import { text } from '../../../fields/text.ts'
import type { CataloguePlan } from '../../../operator/publish-plans.ts'
import type { Format } from '../../files/rows.ts'
import { valueOfCell, type ColumnType } from './column-types.ts'

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
  // A payer id is text, though JSON may say it as a number.
  const given = (name: string, value: unknown, written: Format) =>
    name === 'payer_id' && typeof value === 'number'
      ? String(value)
      : valueOfCell(value, types.get(name), written)
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
    .transform(({ coverage_details, ...row }, { addIssue }) => {
      const { external_id, plan_name, carrier, plan_type, active, ...others } = row
      const details: Record<string, unknown> = {}
      const add = (name: string, value: unknown, written: Format) => {
        const detail = given(name, value, written)
        const fault = name in details ? IN_BOTH : detail === undefined ? NOT_A_NUMBER : undefined
        if (fault) addIssue({ code: 'custom', path: [name], message: fault })
        else details[name] = detail
      }
      for (const [name, value] of Object.entries(coverage_details ?? {})) add(name, value, 'ndjson')
      for (const [name, value] of Object.entries(others)) add(name, value, format)
      return { external_id, plan_name, carrier, plan_type, active, coverage_details: details }
    })
    .refine(
      ({ coverage_details }) =>
        Buffer.byteLength(JSON.stringify(coverage_details)) <= MAX_COVERAGE_BYTES,
      { path: ['coverage_details'], error: `is too long (maximum is ${MAX_COVERAGE_BYTES} bytes)` },
    )
}

const IN_BOTH = 'is a column and one of the coverage_details too: give it once'

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
