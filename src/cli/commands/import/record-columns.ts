import type * as z from 'zod'
import { optional } from '../../../fields/text.ts'
import type { Resource } from '../../../records/resource.ts'
import { externalId } from './plan-row.ts'

/** Unambiguous names that other systems have for our fields, without `_`. */
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

/** The fields that a file may give: the API's and, if `plan_id` is one, a plan's `external_id` as `plan`. */
export const importedFields = ({ given }: Resource): Resource['given'] =>
  'plan_id' in given.shape ? given.extend({ plan: optional(externalId) }) : given

/** The other columns of an export. Some of them identify the record for which an SSN was sealed. */
const OF_EXPORTS = ['table', 'clinic_id', 'uid', 'id', 'created_at', 'updated_at']

/** How people and X12 (INS02, SBR01) write the values of a field. */
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

/** How dumps and people write an empty value. */
const NOTHING = /^(null?|n\/a|\\n|\0+)$/i

const normalized = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

export const isDate = (name: string) => /_(of_birth|on)$/.test(name)

/** Converts a date such as `5/15/1990` or `15.05.1990` to YYYY-MM-DD; leaves any other text as it is. */
function isoDate(cell: string, dates: Dates): string {
  const [, first = '', second = '', year] = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(cell) ?? []
  if (dates === 'iso' || year === undefined) return cell
  const [month, day] = dates === 'mdy' ? [first, second] : [second, first]
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
}

/**
 * Finds the column of each field by its name. If the file names the owner as a patient, the owner's type has no column.
 * Columns that match no field are collected in `unknown`.
 */
export function fieldFinder(resource: Resource) {
  const { owner } = resource
  const known = [...Object.keys(importedFields(resource).shape), owner.filter, ...OF_EXPORTS]
  const names = new Map([
    ...Object.entries(ALIASES).filter(([, name]) => known.includes(name)),
    ...known.map((name) => [normalized(name), name] as const),
  ])
  const unknown = new Set<string>()

  function find(columns: readonly string[]) {
    const meant = columns.map((column) => names.get(normalized(column)))
    const fields = new Map<string, string | undefined>()
    let fault: string | undefined
    for (const [n, column] of columns.entries()) {
      const name = meant[n]
      if (name === undefined) {
        unknown.add(column)
        continue
      }
      // On a card, the subscriber id is the member id. It is our own field only if there is a member id, too.
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

/** Converts a value of a file to the API's form, if the field accepts that. */
export function readCell(name: string, value: unknown, field: z.ZodType | undefined, dates: Dates) {
  if (typeof value !== 'string') return value
  const takes = (other: unknown) => field?.safeParse(other).success === true
  const cell = value.trim()
  if (NOTHING.test(cell) && takes(null)) return ''
  if (isDate(name)) return isoDate(cell, dates)
  // In a CSV, numbers are text.
  if (/^-?\d+$/.test(cell) && takes(1)) return Number(cell)
  const word = cell.toLowerCase()
  return WORDS[name]?.[word] ?? (name === 'relationship' ? word : value)
}
