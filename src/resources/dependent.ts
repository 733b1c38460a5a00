import { sql } from 'drizzle-orm/sql/sql'
import * as z from 'zod'
import { id } from '../fields/answered.ts'
import { queryId, recordId } from '../fields/number.ts'
import { relationship, RELATIONSHIPS } from '../fields/person.ts'
import { resource, ssnField } from '../records/resource.ts'
import { personFields, personIdentity } from './person.ts'

export const dependents = resource({
  name: 'dependents',
  one: 'dependent',
  about: 'Who is insured through a primary holder.',
  exampleId: 456,
  fields: {
    primary_holder_id: {
      given: recordId.meta({
        description: "The primary holder's id: that of a patient of your clinic.",
      }),
      answered: id,
      example: 1049,
    },
    ...personFields('Jane', 'Doe', '2010-03-20'),
    relationship: {
      given: relationship.meta({ description: 'What the dependent is to the holder.' }),
      answered: z.enum(RELATIONSHIPS),
      example: 'child',
    },
    ssn: ssnField('987-65-4321'),
  },
  owner: { id: 'primary_holder_id', filter: 'primary_holder_id' },
  person: true,
  filters: {
    primary_holder_id: {
      query: queryId
        .optional()
        .meta({ description: 'Only the dependents of this primary holder.' }),
      type: 'integer',
      where: (holderId) => sql`primary_holder_id = ${holderId}`,
      index: 'dependents_by_owner',
      order: sql`id`,
    },
  },
  identity: personIdentity('dependents', ['primary_holder_id']),
})
