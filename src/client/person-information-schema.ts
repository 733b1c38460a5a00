import * as z from 'zod'
import { day, id, maskedSsn, timestamp } from '../fields/answered.ts'
import { queryId, recordId } from '../fields/number.ts'
import { ownableType } from '../fields/ownable-type.ts'
import { paging } from '../fields/paging.ts'
import { dateOfBirth, email, personName, phone, REDACTED_EMAIL, ssn } from '../fields/person.ts'

/** What a client gives. */
export const given = z
  .strictObject({
    ownable_id: recordId.meta({
      description: 'Whose information it is: an ownable of your clinic, usually a patient.',
    }),
    ownable_type: ownableType.meta({ description: 'What that ownable is, such as `Patient`.' }),
    first_name: personName,
    last_name: personName,
    date_of_birth: dateOfBirth,
    ssn,
    phone: phone.meta({ description: '7 to 15 digits; kept as sent.' }),
    email: email.meta({ description: 'A conventional e-mail address.' }),
  })
  .meta({
    id: 'NewPersonInformation',
    examples: [
      {
        ownable_id: 1049,
        ownable_type: 'Patient',
        first_name: 'John',
        last_name: 'Doe',
        date_of_birth: '1990-05-15',
        ssn: '123-45-6789',
        phone: '+1-555-123-4567',
        email: REDACTED_EMAIL,
      },
    ],
  })

/** The query of the list. */
export const query = z.strictObject({
  ...paging,
  patient_id: queryId.optional().meta({ description: 'The records of this patient alone.' }),
})

/** A record as it is answered. */
export const record = z
  .object({
    id,
    ownable_id: id,
    ownable_type: z.string(),
    first_name: z.string(),
    last_name: z.string(),
    date_of_birth: day,
    ssn: maskedSsn,
    phone: z.string().nullable(),
    email: z.string().nullable(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({
    id: 'PersonInformation',
    examples: [
      {
        id: 123,
        ownable_id: 1049,
        ownable_type: 'Patient',
        first_name: 'John',
        last_name: 'Doe',
        date_of_birth: '1990-05-15',
        ssn: '***-**-6789',
        phone: '+1-555-123-4567',
        email: REDACTED_EMAIL,
        created_at: '2023-10-20T10:00:00.000Z',
        updated_at: '2023-10-20T10:00:00.000Z',
      },
    ],
  })
