import * as z from 'zod'
import { blankOr, INVALID, NOT_INCLUDED } from '../../../fields/messages.ts'
import { text } from '../../../fields/text.ts'
import type { CataloguePlan } from '../../../plans/queries.ts'
import type { Format } from '../../files/rows.ts'

/** The columns that a plan must have; any other one is one of its coverage details. */
export const PLAN_COLUMNS = ['external_id', 'plan_name', 'carrier', 'plan_type', 'active']

/** As JSON in UTF-8. A page of a hundred plans is one text, for which D1 allows 2,000,000 bytes. */
const MAX_COVERAGE_BYTES = 15_000

/** `$3,000`, `$1250.50`, `3,000`: money, or a number with separators. */
const MONEY = /^(?=.*[$,])-?\$? ?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$/

/** A number as JSON writes it, short enough to be exact; `007` and `1e3` are codes. */
const PLAIN_NUMBER = /^-?(0|[1-9]\d{0,14})(\.\d{1,6})?$/

/** A flag as JSON or a spreadsheet writes it. */
const flag = z.union(
  [
    z.boolean(),
    z.stringbool({ truthy: ['true', '1', 'yes', 'y'], falsy: ['false', '0', 'no', 'n'] }),
  ],
  { error: blankOr(NOT_INCLUDED) },
)

/** A row of a plan file. JSON says what is a number; in a CSV everything is text, so it is guessed. */
export function planRow(format: Format): z.ZodType<CataloguePlan> {
  const cell = format === 'csv' ? csvCell : jsonCell
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
          ...mapValues(coverage_details ?? {}, jsonCell),
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

const jsonCell = (value: unknown): unknown =>
  typeof value === 'string' && MONEY.test(value) ? Number(value.replace(/[$, ]/g, '')) : value

function csvCell(value: unknown): unknown {
  if (value === '') return null
  return typeof value === 'string' && PLAIN_NUMBER.test(value) ? Number(value) : jsonCell(value)
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

const mapValues = (object: Record<string, unknown>, change: (value: unknown) => unknown) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))
