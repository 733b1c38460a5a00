import * as z from 'zod'
import { queryId, recordId } from '../fields/number.ts'
import { dateOfBirth, personName, relationship, ssn } from '../fields/person.ts'
import { paging } from '../http/pagination.ts'

export const newDependent = z.object({
  primary_holder_id: recordId,
  first_name: personName,
  last_name: personName,
  date_of_birth: dateOfBirth,
  relationship,
  ssn,
})
export type NewDependent = z.infer<typeof newDependent>

/** Whom a new dependent names: enough of it to ask whether that one exists. */
export const namedPrimaryHolder = newDependent.pick({ primary_holder_id: true })

export const dependentsFilter = z.object({ ...paging, primary_holder_id: queryId.optional() })
