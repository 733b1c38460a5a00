import * as z from 'zod'
import { blankOr, INVALID, NOT_A_NUMBER, notOneOf } from '../../../fields/messages.ts'
import { text } from '../../../fields/text.ts'

/** The type that the values of a column are converted to. */
export type ColumnType = 'number' | 'boolean' | 'text'

/** As JSON in UTF-8. D1 returns a page of a hundred plans as one text of at most 2,000,000 bytes. */
const MAX_COVERAGE_BYTES = 15_000

const IN_BOTH = 'is a column and one of the coverage_details too: give it once'

export const externalId = text(255)

/** Yes or no, as people write it in a spreadsheet. */
const yesNo = z.stringbool({ truthy: ['true', '1', 'yes', 'y'], falsy: ['false', '0', 'no', 'n'] })

const plan = z.looseObject({
  external_id: externalId,
  plan_name: text(255),
  carrier: text(255),
  plan_type: text(255),
  active: z.union([z.boolean(), yesNo], {
    error: blankOr(notOneOf(['true', 'false', 'yes', 'no', '1', '0'])),
  }),
  coverage_details: z.record(z.string(), z.unknown(), { error: INVALID }).nullish(),
})

/** The columns that a plan must have. Any other column becomes a coverage detail. */
export const PLAN_COLUMNS = Object.keys(plan.shape).filter((name) => name !== 'coverage_details')

/** The coverage details of a row: those of its `coverage_details` object, and its other columns. */
export function detailsOf({ coverage_details: given, ...columns }: Record<string, unknown>) {
  const own = typeof given === 'object' ? Object.entries(given ?? {}) : []
  return [...own, ...Object.entries(columns).filter(([name]) => !PLAN_COLUMNS.includes(name))]
}

/** The schema of a row. `types` are those of its columns; in a CSV, an empty cell is null. */
export const planRow = (isJson: boolean, types: ReadonlyMap<string, ColumnType>) =>
  plan
    .transform((row, { addIssue }) => {
      const { external_id, plan_name, carrier, plan_type, active } = row
      const coverage_details: Record<string, unknown> = {}
      for (const [name, given] of detailsOf(row)) {
        const value = valueOf(name, given)
        const fault = name in coverage_details ? IN_BOTH : value === undefined && NOT_A_NUMBER
        if (fault) addIssue({ code: 'custom', path: [name], message: fault })
        coverage_details[name] = value
      }
      return { external_id, plan_name, carrier, plan_type, active, coverage_details }

      function valueOf(name: string, value: unknown) {
        // A payer id is text, even if JSON has it as a number.
        if (name === 'payer_id' && typeof value === 'number') return String(value)
        if (typeof value !== 'string') return value
        const cell = value.trim()
        return cell === '' && !isJson ? null : valueOfCell(cell, types.get(name))
      }
    })
    .refine(
      ({ coverage_details }) =>
        Buffer.byteLength(JSON.stringify(coverage_details)) <= MAX_COVERAGE_BYTES,
      { path: ['coverage_details'], error: `is too long (maximum is ${MAX_COVERAGE_BYTES} bytes)` },
    )

/** Converts a cell to the type of its column; undefined if it does not fit. */
function valueOfCell(cell: string, type: ColumnType | undefined) {
  if (type === 'boolean') return /^(true|yes)$/i.test(cell)
  if (type !== 'number' || cell === '') return cell
  const isNumber = /^-?\$? ?(\d{1,3}(,\d{3})+|\d{1,15})(\.\d+)?$/.test(cell)
  return isNumber ? Number(cell.replace(/[$, ]/g, '')) : undefined
}
