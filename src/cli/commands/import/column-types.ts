import { Failure } from '../../terminal/failure.ts'
import { columnName, openRows, type Format } from '../../files/rows.ts'

/** The columns that a plan must have; any other one is one of its coverage details. */
export const PLAN_COLUMNS = ['external_id', 'plan_name', 'carrier', 'plan_type', 'active']

/** What every value of a column becomes. */
export type ColumnType = 'number' | 'boolean' | 'text'
export type Decision = { column: string; type: ColumnType; example: string }

/** What the operator decides. */
export type Overrules = { text: readonly string[]; number: readonly string[] }

/** Columns of codes, whatever their values look like: `payer_id`, `zip`, `group_number`. */
const OF_CODES = /(^|_)(ids?|codes?|number|zip|phone|fax|naic|npi|version)$/

const MONEY = /^-?\$ ?(\d{1,3}(,\d{3})+|\d+)(\.\d{1,2})?$/
/** `6,350.50`; `1,200` alone may as well be a list. */
const GROUPED_DECIMAL = /^-?\d{1,3}(,\d{3})+\.\d{1,2}$/
const GROUPED = /^-?\d{1,3}(,\d{3})+$/
/** `1.234`, which in Europe is over a thousand. */
const DOTTED = /^-?\d{1,3}\.\d{3}$/
const EUROPEAN = /^-?(\d{1,3}(\.\d{3})+|\d+),\d{1,2}$|^-?\d{1,3}(\.\d{3}){2,}$|^-?\d{1,3}\.\d{2}0$/
const BOOLEAN = /^(true|false|yes|no)$/i

/** What spreadsheets make of long numbers and of codes that look like a day. */
const MANGLED = /^(\d(\.\d+)?E\+\d+|\d{1,2}-[A-Z][a-z]{2}(-\d{2,4})?|[A-Z][a-z]{2}-\d{2})$/

type Look =
  'money' | 'number' | 'grouped' | 'grouped decimal' | 'dotted' | 'boolean' | 'NO' | 'text'
type Column = { looks: Set<Look>; example: string }
type Looked = { columns: Decision[]; warnings: string[] }

/**
 * Looks through a file of plans once, since one value cannot tell what its column is: a column of ZIP codes has `02134`
 * and `90210`, and both are text. Throws Failure.
 */
export async function lookThrough(
  file: string,
  overrules: Overrules,
  signal: AbortSignal,
): Promise<Looked> {
  const { format, rows } = await openRows(file, PLAN_COLUMNS, signal)
  const seen = new Map<string, Column>()
  const mangled: number[] = []
  let isEuropean = false
  for await (const { line, columns } of rows) {
    if (MANGLED.test(String(columns?.['external_id']))) mangled.push(line)
    for (const [name, value] of detailsOf(columns ?? {})) {
      if (typeof value !== 'string' || value.trim() === '') continue
      const cell = value.trim()
      isEuropean ||= EUROPEAN.test(cell)
      const column = seen.get(name) ?? { looks: new Set(), example: cell }
      seen.set(name, { ...column, looks: column.looks.add(lookOf(cell)) })
    }
  }
  const overruled = {
    text: namesIn(overrules.text, seen, file),
    number: namesIn(overrules.number, seen, file),
  }
  const typeOf = (name: string, { looks }: Column): ColumnType => {
    if (overruled.number.includes(name)) return 'number'
    // In JSON, text is text.
    const isText = overruled.text.includes(name) || OF_CODES.test(name) || format === 'ndjson'
    return isText ? 'text' : decide(looks, isEuropean)
  }
  return {
    columns: [...seen].map(([column, found]) => ({
      column,
      type: typeOf(column, found),
      example: found.example.slice(0, 40),
    })),
    warnings:
      mangled.length > 0
        ? [
            `${mangled.length} external_ids look as if a spreadsheet has changed them, the first on line ${mangled[0]}: make that column text, and export it again`,
          ]
        : [],
  }
}

/** Throws Failure. */
function namesIn(asked: readonly string[], seen: ReadonlyMap<string, Column>, file: string) {
  const names = asked.map(columnName)
  const unknown = names.find((name) => !seen.has(name))
  if (unknown === undefined) return names
  throw new Failure(
    `${file} has no column ${unknown} of text: it has ${[...seen.keys()].join(', ') || 'none'}`,
  )
}

function lookOf(cell: string): Look {
  if (MONEY.test(cell)) return 'money'
  if (GROUPED_DECIMAL.test(cell)) return 'grouped decimal'
  if (GROUPED.test(cell)) return 'grouped'
  // Only what JSON writes the same again: 007, 1e3 and 1.10 are codes.
  if (/^-?\d{1,15}(\.\d+)?$/.test(cell) && String(Number(cell)) === cell) {
    return DOTTED.test(cell) ? 'dotted' : 'number'
  }
  // Alone, NO may be Norway.
  if (cell === 'NO') return 'NO'
  return BOOLEAN.test(cell) ? 'boolean' : 'text'
}

/** A column changes its type only if each value does, and none says something else then. */
function decide(looks: ReadonlySet<Look>, isEuropean: boolean): ColumnType {
  const isOnly = (...allowed: Look[]) => [...looks].every((look) => allowed.includes(look))
  if (looks.has('boolean') && isOnly('boolean', 'NO')) return 'boolean'
  if (!isOnly('money', 'number', 'grouped', 'grouped decimal', 'dotted')) return 'text'
  const mayBeLists = looks.has('grouped') && !looks.has('money') && !looks.has('grouped decimal')
  return mayBeLists || (looks.has('dotted') && isEuropean) ? 'text' : 'number'
}

/** The columns of a row that become coverage details, and the details that it brings as an object. */
function detailsOf(columns: Record<string, unknown>): [string, unknown][] {
  const { coverage_details: details, ...others } = columns
  const own = typeof details === 'object' && details !== null ? Object.entries(details) : []
  return [...own, ...Object.entries(others).filter(([name]) => !PLAN_COLUMNS.includes(name))]
}

/** A value of a column of that type; undefined if it can't be one. */
export function valueOfCell(value: unknown, type: ColumnType | undefined, format: Format): unknown {
  if (typeof value !== 'string') return value
  const cell = value.trim()
  if (cell === '') return format === 'csv' ? null : cell
  if (type === 'boolean') return /^(true|yes)$/i.test(cell)
  if (type !== 'number') return cell
  const isNumber = /^-?\$? ?(\d{1,3}(,\d{3})+|\d{1,15})(\.\d+)?$/.test(cell)
  return isNumber ? Number(cell.replace(/[$, ]/g, '')) : undefined
}
