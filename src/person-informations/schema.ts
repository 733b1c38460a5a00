import * as z from 'zod'
import { queryId, recordId } from '../fields/number.ts'
import { ownableType } from '../fields/ownable-type.ts'
import { dateOfBirth, email, personName, phone, ssn } from '../fields/person.ts'
import { paging } from '../http/pagination.ts'

export const newPersonInformation = z.object({
  ownable_id: recordId,
  ownable_type: ownableType,
  first_name: personName,
  last_name: personName,
  date_of_birth: dateOfBirth,
  ssn,
  phone,
  email,
})
export type NewPersonInformation = z.infer<typeof newPersonInformation>

/** Whom a new record names: enough of it to ask whether that one exists. */
export const namedOwnable = newPersonInformation.pick({ ownable_id: true, ownable_type: true })

export const personInformationsFilter = z.object({ ...paging, patient_id: queryId.optional() })
