import { sql } from 'drizzle-orm/sql/sql'
import * as z from 'zod'
import { id } from '../fields/answered.ts'
import { queryId, recordId } from '../fields/number.ts'
import { ownableType, PATIENT } from '../fields/ownable-type.ts'
import { email, phone, REDACTED_EMAIL } from '../fields/person.ts'
import { resource, ssnField } from '../records/resource.ts'
import { personFields, personIdentity } from './person.ts'

export const personInformations = resource({
  name: 'person_informations',
  one: 'person_information',
  about: 'Who a patient, or another ownable, is.',
  exampleId: 123,
  fields: {
    ownable_id: {
      given: recordId.meta({
        description: 'Whose information it is: an ownable of your clinic, usually a patient.',
      }),
      answered: id,
      example: 1049,
    },
    ownable_type: {
      given: ownableType.meta({ description: 'What that ownable is, such as `Patient`.' }),
      answered: z.string(),
      example: PATIENT,
    },
    ...personFields('John', 'Doe', '1990-05-15'),
    ssn: ssnField('123-45-6789'),
    phone: {
      given: phone.meta({ description: '7 to 15 digits; kept as sent.' }),
      answered: z.string().nullable(),
      example: '+1-555-123-4567',
    },
    email: {
      given: email.meta({ description: 'A conventional e-mail address.' }),
      answered: z.string().nullable(),
      example: REDACTED_EMAIL,
    },
  },
  owner: { id: 'ownable_id', type: 'ownable_type', filter: 'patient_id' },
  person: true,
  filters: {
    patient_id: {
      query: queryId.optional().meta({ description: 'Only the records of this patient.' }),
      type: 'integer',
      where: (patientId) => sql`ownable_type = '${sql.raw(PATIENT)}' AND ownable_id = ${patientId}`,
      index: 'person_informations_by_owner',
      order: sql`id`,
    },
  },
  identity: personIdentity('person_informations', ['ownable_type', 'ownable_id']),
})
