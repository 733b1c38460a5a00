import { resources } from '../../src/resources/index.ts'
import { aCoverage, aDependent, aPersonInformation } from './fixtures.ts'

type Fields = Record<string, unknown>

/** What the tests must know of a resource of record that it does not say of itself. */
type Fixture = {
  /** The body of one that is right in every field, of the owner given. */
  aRecord: (ownerId: number, fields?: Fields) => Record<string, Fields>
  /** Fields that make it another record, just as right. */
  change: Fields
  /** Fields that are wrong, and what is said of them. */
  mistake: Fields
  complaint: Record<string, string[]>
}

const firstName = {
  change: { first_name: 'Other' },
  mistake: { first_name: '' },
  complaint: { first_name: ["can't be blank"] },
}

const FIXTURES: Record<string, Fixture> = {
  person_informations: { aRecord: aPersonInformation, ...firstName },
  dependents: { aRecord: aDependent, ...firstName },
  coverages: {
    aRecord: aCoverage,
    change: { member_id: 'Other' },
    mistake: { member_id: '' },
    complaint: { member_id: ["can't be blank"] },
  },
}

/** Every resource of record, with its fixture. A resource without one fails every file that asks for them. */
export const KINDS = resources.map((resource) => {
  const fixture = FIXTURES[resource.name]
  if (!fixture) throw new Error(`test/support/resources.ts has no fixture of ${resource.name}`)
  return { ...resource, ...fixture, hasSsn: 'ssn' in resource.given.shape }
})
