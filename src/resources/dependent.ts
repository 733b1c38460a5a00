import { sql } from 'drizzle-orm/sql/sql'
import { RELATIONSHIPS } from '../fields/person.ts'
import { idFilter, ownerId, resource, ssnField, wordField } from '../records/resource.ts'
import { personFields, personIdentity } from './person.ts'

export const dependents = resource({
  name: 'dependents',
  one: 'dependent',
  about: 'Who is insured through a primary holder.',
  exampleId: 456,
  fields: {
    primary_holder_id: ownerId("The primary holder's id: that of a patient of your clinic."),
    ...personFields('Jane', 'Doe', '2010-03-20'),
    relationship: wordField(RELATIONSHIPS, 'What the dependent is to the holder.', 'child'),
    ssn: ssnField('987-65-4321'),
  },
  owner: { id: 'primary_holder_id', filter: 'primary_holder_id' },
  person: true,
  filters: {
    primary_holder_id: idFilter(
      'Only the dependents of this primary holder.',
      'dependents_by_owner',
      (holderId) => sql`primary_holder_id = ${holderId}`,
    ),
  },
  identity: personIdentity('dependents', ['primary_holder_id']),
})
