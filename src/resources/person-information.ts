import { sql } from 'drizzle-orm/sql/sql'
import * as z from 'zod'
import { nullableText } from '../fields/answered.ts'
import { ownableType, PATIENT } from '../fields/ownable-type.ts'
import { email, phone, REDACTED_EMAIL } from '../fields/person.ts'
import { field, idFilter, ownerId, resource, ssnField } from '../records/resource.ts'
import { personFields, personIdentity } from './person.ts'

export const personInformations = resource({
  name: 'person_informations',
  one: 'person_information',
  about: 'Who a patient, or another ownable, is.',
  exampleId: 123,
  fields: {
    ownable_id: ownerId('Whose information it is: an ownable of your clinic, usually a patient.'),
    ownable_type: field(
      ownableType.describe('The type of the ownable, such as `Patient`.'),
      z.string(),
      PATIENT,
    ),
    ...personFields('John', 'Doe', '1990-05-15'),
    ssn: ssnField('123-45-6789'),
    phone: field(phone.describe('7 to 15 digits; kept as sent.'), nullableText, '+1-555-123-4567'),
    email: field(email.describe('A conventional e-mail address.'), nullableText, REDACTED_EMAIL),
  },
  owner: { id: 'ownable_id', type: 'ownable_type', filter: 'patient_id' },
  person: true,
  filters: {
    patient_id: idFilter(
      'Only the records of this patient.',
      'person_informations_by_owner',
      (patientId) => sql`ownable_type = '${sql.raw(PATIENT)}' AND ownable_id = ${patientId}`,
    ),
  },
  identity: personIdentity('person_informations', ['ownable_type', 'ownable_id']),
})
