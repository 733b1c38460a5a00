import { sql, type SQL } from 'drizzle-orm/sql/sql'
import * as z from 'zod'
import { day, id, nullableText } from '../fields/answered.ts'
import { calendarDay, foldMemberId, groupNumber, memberId } from '../fields/coverage.ts'
import { foldIdentity } from '../fields/fold.ts'
import { jsonInteger, recordId } from '../fields/number.ts'
import { PATIENT } from '../fields/ownable-type.ts'
import { dateOfBirth, personName } from '../fields/person.ts'
import { line, optional } from '../fields/text.ts'
import { field, idFilter, ownerId, resource, wordField } from '../records/resource.ts'
import { ownables, plans } from '../storage/tables.ts'

const optionalText = (given: z.ZodType<string>, example: string | null) =>
  field(optional(given), nullableText, example)
const optionalDay = (given: z.ZodType<string>, example: string | null) =>
  field(optional(given), day.nullable(), example)
const optionalId = (description: string, example: number | null) =>
  field(optional(recordId).describe(description), id.nullable(), example)

const insurer = line(255).describe('An insurer that the catalogue lacks.')
const priority = jsonInteger(9).describe('The lowest pays first; 1 if left out. Ties are allowed.')

/** What the patient is to the subscriber. FHIR R4 has the same codes. */
const RELATIONSHIPS = ['self', 'spouse', 'child', 'parent', 'other']

const NO_NAMES = 'subscriber_first_name IS NULL AND subscriber_last_name IS NULL'
const NAMES = 'subscriber_first_name IS NOT NULL OR subscriber_last_name IS NOT NULL'

export const coverages = resource({
  name: 'coverages',
  one: 'coverage',
  about: 'What a patient is insured with.',
  exampleId: 12,
  fields: {
    patient_id: ownerId('Who is insured: a patient of your clinic.'),
    plan_id: optionalId('A plan of the catalogue. Exactly one of it and `carrier` is given.', 7),
    carrier: { ...optionalText(insurer, null), identity: foldIdentity },
    member_id: { ...field(memberId, z.string(), 'XYZ 0012345'), identity: foldMemberId },
    group_number: field(groupNumber, nullableText, '0042'),
    relationship: wordField(RELATIONSHIPS, 'What the patient is to the subscriber.', 'child'),
    subscriber_id: optionalId('The subscriber, if that is another patient of your clinic.', null),
    subscriber_first_name: optionalText(personName, 'John'),
    subscriber_last_name: optionalText(personName, 'Doe'),
    subscriber_date_of_birth: optionalDay(dateOfBirth, '1985-05-15'),
    priority: { ...field(priority, z.int().min(1).max(9), 1), otherwise: 1 },
    starts_on: optionalDay(calendarDay, '2026-01-01'),
    ends_on: optionalDay(calendarDay, null),
  },
  owner: { id: 'patient_id', filter: 'patient_id' },
  references: {
    plan_id: (planId) => sql`EXISTS (SELECT * FROM ${plans} WHERE plans.id = ${planId})`,
    subscriber_id: (subscriberId: SQL, clinicId: SQL) => sql`EXISTS (SELECT * FROM ${ownables}
      WHERE clinic_id = ${clinicId} AND type = '${sql.raw(PATIENT)}' AND ownables.id = ${subscriberId})`,
  },
  filters: {
    patient_id: idFilter(
      'Only the coverages of this patient, by `priority`, then `id`.',
      'coverages_by_patient',
      (patientId) => sql`patient_id = ${patientId}`,
      sql`priority, id`,
    ),
    active_on: {
      query: calendarDay
        .optional()
        .describe('Only those that cover this day, both ends included. Needs `patient_id`.'),
      type: 'text',
      where: (date) =>
        sql`(starts_on IS NULL OR starts_on <= ${date}) AND (ends_on IS NULL OR ends_on >= ${date})`,
      needs: 'patient_id',
    },
    plan_id: {
      ...idFilter(
        'Only those of this plan, oldest first; 10,000 matches at most.',
        'coverages_by_plan',
        (planId) => sql`plan_id = ${planId}`,
      ),
      most: { matches: 10_000, add: 'patient_id' } as const,
    },
  },
  identity: {
    index: 'coverages_by_patient',
    columns: ['patient_id', 'plan_id', 'carrier_identity', 'member_id_identity', 'starts_on'],
    words: 'patient, plan or carrier, member id and first day',
  },
  rules: {
    plan_or_carrier: {
      check: 'plan_id IS NOT NULL OR carrier IS NOT NULL',
      field: 'plan_id',
      message: 'needs a plan_id or a carrier',
    },
    plan_without_carrier: {
      check: 'plan_id IS NULL OR carrier IS NULL',
      field: 'carrier',
      message: 'must be blank where there is a plan_id',
    },
    self_without_subscriber: {
      check: `relationship <> 'self' OR (subscriber_id IS NULL AND ${NO_NAMES})`,
      field: 'relationship',
      message: 'is self, so there must be no subscriber field',
    },
    subscriber_needed: {
      check: `relationship = 'self' OR subscriber_id IS NOT NULL OR ${NAMES}`,
      field: 'subscriber_id',
      message: "needs a subscriber_id or the subscriber's names",
    },
    subscriber_is_another: {
      check: 'subscriber_id IS NULL OR subscriber_id <> patient_id',
      field: 'subscriber_id',
      message: 'is the patient; say self',
    },
    one_subscriber: {
      check: `subscriber_id IS NULL OR (${NO_NAMES})`,
      field: 'subscriber_id',
      message: "must be blank where there are the subscriber's names",
    },
    subscriber_names_together: {
      check: '(subscriber_first_name IS NULL) = (subscriber_last_name IS NULL)',
      field: 'subscriber_last_name',
      message: 'must be given together with subscriber_first_name',
    },
    subscriber_birth_with_names: {
      check: `subscriber_date_of_birth IS NULL OR ${NAMES}`,
      field: 'subscriber_date_of_birth',
      message: "must be blank without the subscriber's names",
    },
    ends_on_after_starts_on: {
      check: 'ends_on IS NULL OR starts_on IS NULL OR ends_on >= starts_on',
      field: 'ends_on',
      message: 'must be on or after starts_on',
    },
  },
})
