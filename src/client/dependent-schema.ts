import * as z from 'zod'
import { day, id, maskedSsn, timestamp } from '../fields/answered.ts'
import { queryId, recordId } from '../fields/number.ts'
import { paging } from '../fields/paging.ts'
import { dateOfBirth, personName, relationship, RELATIONSHIPS, ssn } from '../fields/person.ts'

/** What a client gives. */
export const given = z
  .strictObject({
    primary_holder_id: recordId.meta({
      description: "The primary holder's id: that of a patient of your clinic.",
    }),
    first_name: personName,
    last_name: personName,
    date_of_birth: dateOfBirth,
    relationship: relationship.meta({ description: 'What the dependent is to the holder.' }),
    ssn,
  })
  .meta({
    id: 'NewDependent',
    examples: [
      {
        primary_holder_id: 1049,
        first_name: 'Jane',
        last_name: 'Doe',
        date_of_birth: '2010-03-20',
        relationship: 'child',
        ssn: '987-65-4321',
      },
    ],
  })

/** The query of the list. */
export const query = z.strictObject({
  ...paging,
  primary_holder_id: queryId
    .optional()
    .meta({ description: 'The dependents of this primary holder alone.' }),
})

/** A dependent as it is answered. */
export const record = z
  .object({
    id,
    primary_holder_id: id,
    first_name: z.string(),
    last_name: z.string(),
    date_of_birth: day,
    relationship: z.enum(RELATIONSHIPS),
    ssn: maskedSsn,
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({
    id: 'Dependent',
    examples: [
      {
        id: 456,
        primary_holder_id: 1049,
        first_name: 'Jane',
        last_name: 'Doe',
        date_of_birth: '2010-03-20',
        relationship: 'child',
        ssn: '***-**-4321',
        created_at: '2023-10-20T10:00:00.000Z',
        updated_at: '2023-10-20T10:00:00.000Z',
      },
    ],
  })
