import { PATIENT } from '../../../fields/ownable-type.ts'
import type { Resource } from '../../../records/resource.ts'
import type { Format, Row } from '../../files/rows.ts'
import { Failure } from '../../terminal/failure.ts'
import type { Oddities } from './oddities.ts'

/** What other systems call our fields, as far as nobody can mean anything else, without `_`. */
const ALIASES: Record<string, string> = {
  first: 'first_name',
  last: 'last_name',
  dob: 'date_of_birth',
  birthdate: 'date_of_birth',
  birthday: 'date_of_birth',
  phonenumber: 'phone',
  emailaddress: 'email',
  socialsecuritynumber: 'ssn',
  ...{ insurer: 'carrier', insurancecompany: 'carrier', payer: 'carrier', payername: 'carrier' },
  ...{ membernumber: 'member_id', group: 'group_number', groupid: 'group_number' },
  ...{ relationshiptosubscriber: 'relationship', relationshiptoinsured: 'relationship' },
  ...{ subscriberdob: 'subscriber_date_of_birth', primarysecondary: 'priority' },
  ...{ effectivedate: 'starts_on', startdate: 'starts_on' },
  ...{ termdate: 'ends_on', terminationdate: 'ends_on', enddate: 'ends_on' },
  ...{ plan: 'plan', planexternalid: 'plan' },
}

/** Who pays first, as people and X12's SBR01 say it. */
const PRIORITIES: Record<string, number> = {
  ...{ primary: 1, secondary: 2, tertiary: 3 },
  ...{ p: 1, s: 2, t: 3 },
}

/** What an export says beside the fields: some of it tells for which record an SSN was sealed. */
const OF_EXPORTS = ['table', 'clinic_id', 'uid', 'id', 'created_at', 'updated_at']

const squeezed = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

/** How a file writes dates. */
export const DATES = ['iso', 'mdy', 'dmy'] as const
export type Dates = (typeof DATES)[number]

/** How dumps and people write that there is nothing. */
const NOTHING = /^(null?|n\/a|\\n|\0+)$/i

/** What other systems say for a relationship: words, and the codes of X12's INS02. */
const RELATIONSHIPS: Record<string, string> = {
  ...{ wife: 'spouse', husband: 'spouse', '01': 'spouse' },
  ...{ daughter: 'child', son: 'child', '19': 'child' },
  ...{ mother: 'parent', father: 'parent', '32': 'parent', '33': 'parent' },
  ...{ '18': 'self', '34': 'other', g8: 'other' },
}

/** Reads ids, and notes where a number stands with and without leading zeros: two ids would be one. */
function idReader(odd: Oddities) {
  const [plain, padded] = [new Set<number>(), new Map<number, string>()]
  return (cell: string, line: number): number => {
    const id = Number(cell)
    const isPlain = String(id) === cell
    const differs = isPlain ? padded.has(id) : plain.has(id) || (padded.get(id) ?? cell) !== cell
    if (differs) odd.note('an id that differs from another by leading zeros alone', line)
    if (isPlain) plain.add(id)
    else padded.set(id, cell)
    return id
  }
}

/** Whether a field is a date, by its name. */
export const isDate = (name: string) => /_(of_birth|on)$/.test(name)

/** A date in the order given, `5/15/1990` or `15.05.1990`, as the API writes it; any other text as it is. */
function isoDate(cell: string, dates: Dates): string {
  const [, first = '', second = '', year] = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(cell) ?? []
  if (dates === 'iso' || year === undefined) return cell
  const [month, day] = dates === 'mdy' ? [first, second] : [second, first]
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
}

/**
 * Reads the columns of a row as the API's fields: by their names, with dates, relationships and empty cells as the API
 * writes them. Columns that are no field are gathered in `unknown`. Throws Failure if two of a CSV mean one field.
 */
export function fieldReader(
  { given: { shape }, owner }: Resource,
  dates: Dates,
  unknown: Set<string>,
  odd: Oddities,
) {
  const isPlan = (name: string) => name === 'plan' && 'plan_id' in shape
  const known = [...Object.keys(shape), owner.filter, ...OF_EXPORTS]
  const names = Object.fromEntries([
    ...Object.entries(ALIASES).filter(([, name]) => known.includes(name) || isPlan(name)),
    ...known.map((name) => [squeezed(name), name]),
  ])
  const isOptional = (name: string) => isPlan(name) || shape[name]?.safeParse(null).success === true
  /** In a CSV a number is text. */
  const isNumber = (name: string) => shape[name]?.safeParse(1).success === true
  const readId = idReader(odd)

  function valueOf(name: string, value: unknown, line: number): unknown {
    if (typeof value !== 'string') return value
    const cell = value.trim()
    if (NOTHING.test(cell) && isOptional(name)) return ''
    if (name === 'relationship') return RELATIONSHIPS[cell.toLowerCase()] ?? cell.toLowerCase()
    if (isDate(name)) return isoDate(cell, dates)
    const isNoName = NOTHING.test(cell) || !/\p{L}/u.test(cell)
    if (/^(first|last)_name$/.test(name) && cell !== '' && isNoName) {
      odd.note(`a ${name} that looks like none`, line)
    }
    if (name === 'priority')
      return PRIORITIES[cell.toLowerCase()] ?? (/^\d+$/.test(cell) ? Number(cell) : value)
    if (!isNumber(name) || !/^-?\d+$/.test(cell)) return value
    return name === owner.id ? readId(cell, line) : Number(cell)
  }

  return (row: Row, format: Format): Row => {
    const { line, columns = {} } = row
    // A card's subscriber id is its member id; only beside one it can be our own field.
    const hasMemberId = Object.keys(columns).some(
      (column) => names[squeezed(column)] === 'member_id',
    )
    const named = new Map<string, string>()
    const fields: Record<string, unknown> = {}
    for (const [column, value] of Object.entries(columns)) {
      const known = names[squeezed(column)]
      if (known === undefined) {
        unknown.add(column)
        continue
      }
      const isOfCard = known === 'subscriber_id' && !hasMemberId
      const name = known === owner.filter ? owner.id : isOfCard ? 'member_id' : known
      const field = name === 'plan' ? 'plan_id' : name
      const other = named.get(field)
      if (other !== undefined) {
        const fault = `has two columns for ${field}, ${other} and ${column}: leave one out`
        if (format === 'csv') throw new Failure(`the file ${fault}`)
        return { line, fault }
      }
      named.set(field, column)
      if (isOfCard) odd.note('a subscriber_id taken for the member_id, which the file lacks', line)
      fields[name] = valueOf(name, value, line)
    }
    const isByPatient = squeezed(named.get(owner.id) ?? '') === squeezed(owner.filter)
    if (isByPatient && owner.filter !== owner.id && owner.type !== undefined) {
      fields[owner.type] = PATIENT
    }
    return { line, columns: fields }
  }
}
