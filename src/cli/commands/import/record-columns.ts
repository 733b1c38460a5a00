import type * as z from 'zod'
import { optional } from '../../../fields/text.ts'
import type { Resource } from '../../../records/resource.ts'
import { externalId } from './plan-row.ts'

/** What other systems call our fields, as far as nobody can mean anything else, without `_`. */
// prettier-ignore
const ALIASES: Record<string, string> = {
  first: 'first_name', last: 'last_name', phonenumber: 'phone', emailaddress: 'email',
  dob: 'date_of_birth', birthdate: 'date_of_birth', birthday: 'date_of_birth',
  insurer: 'carrier', insurancecompany: 'carrier', payer: 'carrier', payername: 'carrier',
  membernumber: 'member_id', group: 'group_number', groupid: 'group_number',
  relationshiptosubscriber: 'relationship', relationshiptoinsured: 'relationship',
  subscriberdob: 'subscriber_date_of_birth', primarysecondary: 'priority',
  effectivedate: 'starts_on', startdate: 'starts_on',
  termdate: 'ends_on', terminationdate: 'ends_on', enddate: 'ends_on',
  socialsecuritynumber: 'ssn', planexternalid: 'plan',
}

/** What the rows of a file give: the fields of the API, and where those name a plan, its `external_id` as `plan`. */
export const importedFields = ({ given }: Resource): Resource['given'] =>
  'plan_id' in given.shape ? given.extend({ plan: optional(externalId) }) : given

/** What an export says beside the fields: some of it tells for which record an SSN was sealed. */
const OF_EXPORTS = ['table', 'clinic_id', 'uid', 'id', 'created_at', 'updated_at']

/** What people and X12 (INS02, SBR01) say for the values of a field. */
// prettier-ignore
const WORDS: Record<string, Record<string, string | number>> = {
  relationship: {
    wife: 'spouse', husband: 'spouse', '01': 'spouse',
    daughter: 'child', son: 'child', '19': 'child',
    mother: 'parent', father: 'parent', '32': 'parent', '33': 'parent',
    '18': 'self', '34': 'other', g8: 'other',
  },
  priority: { primary: 1, p: 1, secondary: 2, s: 2, tertiary: 3, t: 3 },
}

export const DATES = ['iso', 'mdy', 'dmy'] as const
export type Dates = (typeof DATES)[number]

/** How dumps and people write that there is nothing. */
const NOTHING = /^(null?|n\/a|\\n|\0+)$/i

const squeezed = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

export const isDate = (name: string) => /_(of_birth|on)$/.test(name)

/** A date in the order given, `5/15/1990` or `15.05.1990`, as the API writes it; any other text as it is. */
function isoDate(cell: string, dates: Dates): string {
  const [, first = '', second = '', year] = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(cell) ?? []
  if (dates === 'iso' || year === undefined) return cell
  const [month, day] = dates === 'mdy' ? [first, second] : [second, first]
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
}

/**
 * Finds the columns of the API's fields in a file, by their names; there is none for the type of an owner whom the file
 * calls a patient. Columns that are no field are gathered in `unknown`.
 */
export function fieldFinder(resource: Resource) {
  const { owner } = resource
  const known = [...Object.keys(importedFields(resource).shape), owner.filter, ...OF_EXPORTS]
  const names = new Map([
    ...Object.entries(ALIASES).filter(([, name]) => known.includes(name)),
    ...known.map((name) => [squeezed(name), name] as const),
  ])
  const unknown = new Set<string>()

  function find(columns: readonly string[]) {
    const meant = columns.map((column) => names.get(squeezed(column)))
    const fields = new Map<string, string | undefined>()
    let fault: string | undefined
    for (const [n, column] of columns.entries()) {
      const name = meant[n]
      if (name === undefined) {
        unknown.add(column)
        continue
      }
      // A card's subscriber id is its member id; only beside one it can be our own field.
      const isOfCard = name === 'subscriber_id' && !meant.includes('member_id')
      const field = name === owner.filter ? owner.id : isOfCard ? 'member_id' : name
      const other = fields.get(field)
      if (other) fault = `has two columns for ${field}, ${other} and ${column}: leave one out`
      fields.set(field, column)
      if (name !== owner.id && field === owner.id && owner.type) fields.set(owner.type, undefined)
    }
    const [plan, planId] = [fields.get('plan'), fields.get('plan_id')]
    if (plan && planId) fault = `has two columns for the plan, ${plan} and ${planId}: leave one out`
    return { fields, fault }
  }
  return { find, unknown }
}

/** A value of a file as the API writes it, given what the API takes for it. */
export function readCell(name: string, value: unknown, field: z.ZodType | undefined, dates: Dates) {
  if (typeof value !== 'string') return value
  const takes = (other: unknown) => field?.safeParse(other).success === true
  const cell = value.trim()
  if (NOTHING.test(cell) && takes(null)) return ''
  if (isDate(name)) return isoDate(cell, dates)
  // In a CSV a number is text.
  if (/^-?\d+$/.test(cell) && takes(1)) return Number(cell)
  const word = cell.toLowerCase()
  return WORDS[name]?.[word] ?? (name === 'relationship' ? word : value)
}
