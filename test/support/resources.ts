import { resources } from '../../src/resources/index.ts'
import { aCoverage, aDependent, aPersonInformation, CANARY } from './fixtures.ts'

type Fields = Record<string, unknown>

/** What the tests must know of a resource that it does not say itself. */
type Fixture = {
  /** The body of a record that is right in every field, of the owner given. */
  aRecord: (ownerId: number, fields?: Fields) => Record<string, Fields>
  /** A required field that takes any short text. */
  textField: string
  /** Fields that are wrong besides an empty `textField`, and the errors. */
  mistake: Fields
  complaint: Record<string, string[]>
  /** Fields that are spelled differently and leave the record the same, as `identity` compares it. */
  respelled: Fields
  /** The longest fields, of a text of one letter repeated so often. */
  longest: (of: (times: number) => string) => Fields
}

const person = {
  textField: 'first_name',
  mistake: { last_name: ' ' },
  complaint: { last_name: ["can't be blank"] },
  respelled: { last_name: CANARY.name.toUpperCase() },
}

const FIXTURES: Record<string, Fixture> = {
  person_informations: {
    ...person,
    aRecord: aPersonInformation,
    longest: (of) => ({
      ...{ first_name: of(255), last_name: of(255), phone: `${'('.repeat(240)}123456789012345` },
      email: `${`${'a'.repeat(61)}.`.repeat(3)}aa@${'b'.repeat(55)}.example`,
    }),
  },
  dependents: {
    ...person,
    aRecord: aDependent,
    longest: (of) => ({ first_name: of(255), last_name: of(255) }),
  },
  coverages: {
    aRecord: aCoverage,
    textField: 'member_id',
    mistake: { priority: 0 },
    complaint: { priority: ['must be greater than 0'] },
    respelled: { member_id: 'hm-00 123-45', carrier: 'HARBOR  mutual' },
    longest: (of) => ({
      ...{ carrier: of(255), member_id: of(80), group_number: of(50) },
      ...{ subscriber_first_name: of(255), subscriber_last_name: of(255) },
    }),
  },
}

/** Every resource, with its fixture. A resource without one fails every file that asks for them. */
export const RESOURCES = resources.map((resource) => {
  const fixture = FIXTURES[resource.name]
  if (!fixture) throw new Error(`test/support/resources.ts has no fixture of ${resource.name}`)
  const { textField } = fixture
  return {
    ...resource,
    ...fixture,
    /** Fields that make it another record, just as right. */
    change: { [textField]: 'Other' },
    mistake: { ...fixture.mistake, [textField]: '' },
    complaint: { ...fixture.complaint, [textField]: ["can't be blank"] },
  }
})

/** The resources that have names and a date of birth. */
export const PEOPLE = RESOURCES.filter(({ person }) => person)
