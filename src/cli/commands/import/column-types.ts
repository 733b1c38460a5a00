import { Failure } from '../../terminal/failure.ts'
import { columnName, openRows } from '../../files/rows.ts'
import { detailsOf, PLAN_COLUMNS, type ColumnType } from './plan-row.ts'

/** Columns that hold codes, even if they look like numbers: `payer_id`, `zip`, `group_number`. */
const OF_CODES = /(^|_)(ids?|codes?|number|zip|phone|fax|naic|npi|version)$/

/** What a cell looks like; the first match counts. */
const LOOKS = {
  money: /^-?\$ ?(\d{1,3}(,\d{3})+|\d+)(\.\d{1,2})?$/,
  groupedDecimal: /^-?\d{1,3}(,\d{3})+\.\d{1,2}$/,
  /** On its own, `1,200` may be a list. */
  grouped: /^-?\d{1,3}(,\d{3})+$/,
  /** `1.234`, which may be 1,234 in Europe. */
  dotted: /^-?(0|[1-9]\d{0,2})\.\d\d[1-9]$/,
  /** Only numbers that print the same again: 007, 1e3 and 1.10 are codes. */
  number: /^(?=.{1,15}$)-?(0|[1-9]\d*)(\.\d*[1-9])?$/,
  /** On its own, NO may be Norway. */
  no: /^NO$/,
  boolean: /^(true|false|yes|no)$/i,
  text: /^/,
}
const NUMBERS = ['money', 'groupedDecimal', 'grouped', 'dotted', 'number']
const EUROPEAN = /^-?(\d{1,3}(\.\d{3})+|\d+),\d{1,2}$|^-?\d{1,3}(\.\d{3}){2,}$|^-?\d{1,3}\.\d{2}0$/

/**
 * Reads a file of plans once to find the types of its columns, since one value is not enough: of the ZIP codes `02134`
 * and `90210`, the second looks like a number. `text` and `number` are the operator's choices. Throws Failure.
 */
export async function lookThrough(file: string, text: string[], number: string[]) {
  const { isJson, rows } = await openRows(file, PLAN_COLUMNS)
  const seen = new Map<string, { looks: Set<string>; example: string }>()
  let isEuropean = false
  for await (const { columns = {} } of rows) {
    for (const [name, value] of detailsOf(columns)) {
      if (typeof value !== 'string' || value.trim() === '') continue
      const cell = value.trim()
      isEuropean ||= EUROPEAN.test(cell)
      const column = seen.get(name) ?? { looks: new Set(), example: cell.slice(0, 40) }
      const [look = ''] = Object.entries(LOOKS).find(([, pattern]) => pattern.test(cell)) ?? []
      column.looks.add(look)
      seen.set(name, column)
    }
  }
  const decided = new Map<string, ColumnType>()
  for (const name of text) decided.set(columnName(name), 'text')
  for (const name of number) decided.set(columnName(name), 'number')
  const unknown = [...decided.keys()].find((name) => !seen.has(name))
  if (unknown !== undefined) {
    const all = [...seen.keys()].join(', ') || 'none'
    throw new Failure(`${file} has no column ${unknown} of text: it has ${all}`)
  }
  const columns = Array.from(seen, ([column, { looks, example }]) => {
    // In JSON, a string is text.
    const type = OF_CODES.test(column) || isJson ? 'text' : typeOf(looks, isEuropean)
    return { column, type: decided.get(column) ?? type, example }
  })
  return { isJson, columns }
}

/** A column is boolean or a number only if every value fits and none is ambiguous. */
function typeOf(looks: ReadonlySet<string>, isEuropean: boolean): ColumnType {
  const isOnly = (allowed: readonly string[]) => [...looks].every((look) => allowed.includes(look))
  if (looks.has('boolean') && isOnly(['boolean', 'no'])) return 'boolean'
  const mayBeLists = looks.has('grouped') && !looks.has('money') && !looks.has('groupedDecimal')
  const isNumber = isOnly(NUMBERS) && !mayBeLists && !(looks.has('dotted') && isEuropean)
  return isNumber ? 'number' : 'text'
}
