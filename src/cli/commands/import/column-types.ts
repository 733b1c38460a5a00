import { openRows, type Format } from '../../files/rows.ts'

/** The columns that a plan must have; any other one is one of its coverage details. */
export const PLAN_COLUMNS = ['external_id', 'plan_name', 'carrier', 'plan_type', 'active']

/** What every value of a column is, or text where they differ. */
export type ColumnType = 'number' | 'boolean' | 'text'

/** `$3,000`, `$1250.50`, `3,000`: money, or a number with separators. */
const MONEY = /^(?=.*[$,])-?\$? ?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$/

/** A number as JSON writes it, short enough to be exact; `007` and `1e3` are codes. */
const PLAIN_NUMBER = /^-?(0|[1-9]\d{0,14})(\.\d{1,6})?$/

const BOOLEAN = /^(true|false|yes|no)$/i

/** What spreadsheets make of long numbers and of codes that look like a day. */
const MANGLED = /^(\d(\.\d+)?E\+\d+|\d{1,2}-[A-Z][a-z]{2}(-\d{2,4})?|[A-Z][a-z]{2}-\d{2})$/

type Looked = { types: ReadonlyMap<string, ColumnType>; warnings: string[] }

/**
 * Looks through a file of plans once, since one value cannot tell what its column is: a column of ZIP codes has `02134`
 * and `90210`, and both are text.
 */
export async function lookThrough(file: string, signal: AbortSignal): Promise<Looked> {
  const { format, rows } = await openRows(file, PLAN_COLUMNS, signal)
  const seen = new Map<string, Set<string>>()
  const mangled: number[] = []
  for await (const { line, columns } of rows) {
    if (MANGLED.test(String(columns?.['external_id']))) mangled.push(line)
    for (const [name, value] of detailsOf(columns ?? {})) {
      const resource = kindOf(value, format)
      if (resource) seen.set(name, (seen.get(name) ?? new Set()).add(resource))
    }
  }
  const mixed = [...seen].filter(([, resources]) => resources.size > 1)
  const types = [...seen].map(
    ([name, resources]) => [name, resources.size > 1 ? 'text' : only(resources)] as const,
  )
  return {
    types: new Map(types),
    warnings: [
      ...mixed.map(
        ([name, resources]) =>
          `${name} holds ${[...resources].join(' and ')} values, and stays as it is`,
      ),
      ...(mangled.length > 0
        ? [
            `${mangled.length} external_ids look as if a spreadsheet has changed them, the first on line ${mangled[0]}: make that column text, and export it again`,
          ]
        : []),
    ],
  }
}

const only = (resources: ReadonlySet<string>): ColumnType =>
  resources.has('number') ? 'number' : resources.has('boolean') ? 'boolean' : 'text'

/** The columns of a row that become coverage details, and the details that it brings as an object. */
function detailsOf(columns: Record<string, unknown>): [string, unknown][] {
  const { coverage_details: details, ...others } = columns
  const own = typeof details === 'object' && details !== null ? Object.entries(details) : []
  return [...own, ...Object.entries(others).filter(([name]) => !PLAN_COLUMNS.includes(name))]
}

function kindOf(value: unknown, format: Format): string | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value !== 'string') return typeof value
  const cell = value.trim()
  if (cell === '') return undefined
  if (MONEY.test(cell)) return 'number'
  // In JSON, text is text.
  if (format === 'ndjson') return 'text'
  return PLAIN_NUMBER.test(cell) ? 'number' : BOOLEAN.test(cell) ? 'boolean' : 'text'
}

/** A value of a column of that type. */
export function cellOf(value: unknown, type: ColumnType | undefined): unknown {
  if (typeof value !== 'string') return value
  const cell = value.trim()
  if (type === 'number' && cell !== '') return Number(cell.replace(/[$, ]/g, ''))
  if (type === 'boolean' && cell !== '') return /^(true|yes)$/i.test(cell)
  return cell
}
