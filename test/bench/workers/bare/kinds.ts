import { foldName } from '../../../../src/fields/fold.ts'

/** A body's record, as far as it must be looked at before it is stored. */
export type Given = Record<string, string | number | null | undefined>

const PERSON = `id, ownable_id, ownable_type, first_name, last_name, date_of_birth,
  '***-**-' || ssn_last_four AS ssn, phone, email, created_at, updated_at`
const DEPENDENT = `id, primary_holder_id, first_name, last_name, date_of_birth, relationship,
  '***-**-' || ssn_last_four AS ssn, created_at, updated_at`

/** `fields` are a client's own; `stored` are all columns but the clinic; `keys` are those that are answered. */
const kind = (
  table: 'person_informations' | 'dependents',
  one: string,
  missing: string,
  columns: string,
  type: string,
  owner: string,
  filter: string,
  fields: string[],
) => ({
  table,
  one,
  missing,
  columns,
  type,
  owner,
  filter,
  fields,
  stored: [
    ...['id', 'uid', 'version', type, owner, ...fields, 'last_name_folded', 'first_name_folded'],
    ...['last_name_identity', 'first_name_identity'],
    ...['ssn_key_id', 'ssn_sealed', 'ssn_last_four', 'created_at', 'updated_at'],
  ],
  keys: columns.split(',').map((column) => column.split(' AS ').at(-1)?.trim() ?? ''),
})
export type Kind = ReturnType<typeof kind>

export const KINDS: Kind[] = [
  kind(
    'person_informations',
    'person_information',
    'Person information not found',
    PERSON,
    'ownable_type',
    'ownable_id',
    'patient_id',
    ['first_name', 'last_name', 'date_of_birth', 'phone', 'email'],
  ),
  kind(
    'dependents',
    'dependent',
    'Dependent not found',
    DEPENDENT,
    'primary_holder_type',
    'primary_holder_id',
    'primary_holder_id',
    ['first_name', 'last_name', 'date_of_birth', 'relationship'],
  ),
]

/** The fields as they are stored, or null if one is not right. A new record needs all of a person. */
export function checked({ fields }: Kind, given: Given, isNew: boolean): Given | null {
  const { first_name, last_name, date_of_birth, ssn } = given
  const isName = (name: Given[string]) =>
    name === undefined ? !isNew : typeof name === 'string' && name.trim() !== ''
  const isDay = (day: Given[string]) =>
    day === undefined
      ? !isNew
      : typeof day === 'string' && /^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(day))
  if (!isName(first_name) || !isName(last_name) || !isDay(date_of_birth)) return null
  if (!/^(\d{9}|\d{3}-\d{2}-\d{4})?$/.test(String(ssn ?? ''))) return null

  const kept: Given = {}
  for (const name of fields) {
    const value = given[name]
    if (value !== undefined) kept[name] = typeof value === 'string' ? value.trim() : value
  }
  if (typeof last_name === 'string') {
    kept.last_name_folded = kept.last_name_identity = foldName(last_name)
  }
  if (typeof first_name === 'string') {
    kept.first_name_folded = kept.first_name_identity = foldName(first_name)
  }
  return kept
}
