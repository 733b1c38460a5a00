import { foldMemberId } from '../../../../src/fields/coverage.ts'
import { foldIdentity, foldName, laterWords } from '../../../../src/fields/fold.ts'

/** A body's record, as far as it must be looked at before it is stored. */
export type Given = Record<string, string | number | null | undefined>

type Description = {
  table: 'person_informations' | 'dependents' | 'coverages'
  one: string
  missing: string
  /** The keys of an answer, in order. */
  answered: string
  /** The columns that follow from a field. */
  derived: Record<string, Record<string, (text: string) => string | null>>
  /** What a new record says where it is not told otherwise. */
  otherwise: Given
  /** The owner's id and type as SQL, and the filter that asks for a patient's records, in this order. */
  owner: string
  type: string
  filter: string
  index: string
  order: string
}

const kind = (described: Description) => {
  const answered = described.answered.split(' ')
  const fields = answered.filter((name) => !/^(id|ssn|created_at|updated_at)$/.test(name))
  const stored = [
    ...['id', 'uid', 'version', ...fields],
    ...Object.values(described.derived).flatMap((columns) => Object.keys(columns)),
    ...(answered.includes('ssn') ? ['ssn_key_id', 'ssn_sealed', 'ssn_last_four'] : []),
    ...['created_at', 'updated_at'],
  ]
  const kept = answered.map((name) => (name === 'ssn' ? 'ssn_last_four' : name))
  const object = (names: string[]) =>
    names.map((name) => `'${name}', ${name === 'ssn' ? `'***-**-' || ssn_last_four` : name}`)
  return {
    ...described,
    fields,
    stored,
    /** What a row says in the journal, and in an answer. */
    content: `json_object(${object(stored).join()})`,
    json: `json_object(${object(answered).join()})`,
    /** The columns that an answer needs, now and before a change. */
    columns: kept.join(),
    before: kept.map((name) => `before ->> '${name}' AS ${name}`).join(),
  }
}
export type Kind = ReturnType<typeof kind>

const NAMES: Description['derived'] = {
  last_name: {
    last_name_folded: foldName,
    last_name_identity: foldIdentity,
    last_name_words: wordsOf,
  },
  first_name: { first_name_folded: foldName, first_name_identity: foldIdentity },
}

/** The later words of a name, which none that is measured has. */
function wordsOf(name: string) {
  const words = laterWords(name)
  return words.length > 0 ? JSON.stringify(words) : null
}

export const KINDS: Kind[] = [
  kind({
    table: 'person_informations',
    one: 'person_information',
    missing: 'Person information not found',
    answered:
      'id ownable_id ownable_type first_name last_name date_of_birth ssn phone email created_at updated_at',
    derived: NAMES,
    otherwise: { ownable_type: 'Patient' },
    owner: 'ownable_id',
    type: 'ownable_type',
    filter: 'patient_id',
    index: 'person_informations_by_owner',
    order: 'id',
  }),
  kind({
    table: 'dependents',
    one: 'dependent',
    missing: 'Dependent not found',
    answered:
      'id primary_holder_id first_name last_name date_of_birth relationship ssn created_at updated_at',
    derived: NAMES,
    otherwise: {},
    owner: 'primary_holder_id',
    type: "'Patient'",
    filter: 'primary_holder_id',
    index: 'dependents_by_owner',
    order: 'id',
  }),
  kind({
    table: 'coverages',
    one: 'coverage',
    missing: 'Coverage not found',
    answered:
      'id patient_id plan_id carrier member_id group_number relationship subscriber_id subscriber_first_name ' +
      'subscriber_last_name subscriber_date_of_birth priority starts_on ends_on created_at updated_at',
    derived: {
      carrier: { carrier_identity: foldIdentity },
      member_id: { member_id_identity: foldMemberId },
    },
    otherwise: { priority: 1 },
    owner: 'patient_id',
    type: "'Patient'",
    filter: 'patient_id',
    index: 'coverages_by_patient',
    order: 'priority, id',
  }),
]

const DAY = /^\d{4}-\d\d-\d\d$/

/** The fields as they are stored, or null if one is not right. A new record needs what its kind needs. */
export function checked(
  { fields, derived, owner }: Kind,
  given: Given,
  isNew: boolean,
): Given | null {
  const kept: Given = {}
  for (const name of fields) {
    const value = given[name]
    const isNeeded = name in derived && name !== 'carrier'
    if (value === undefined ? isNew && isNeeded : isNeeded && String(value).trim() === '')
      return null
    if (typeof value === 'string' && name.endsWith('_on') && !DAY.test(value)) return null
    if (value !== undefined) kept[name] = typeof value === 'string' ? value.trim() : value
    for (const [column, fold] of Object.entries(derived[name] ?? {})) {
      if (typeof value === 'string') kept[column] = fold(value)
    }
  }
  if (isNew && !Number.isSafeInteger(given[owner])) return null
  if (!DAY.test(String(given.date_of_birth ?? '1900-01-01'))) return null
  return /^(\d{9}|\d{3}-\d{2}-\d{4})?$/.test(String(given.ssn ?? '')) ? kept : null
}
