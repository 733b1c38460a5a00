import type { CataloguePlan } from '../../src/operator/publish-plans.ts'

/** Known values that nothing but their own row may hold: the harness looks for them everywhere else. */
export const CANARY = { name: 'Quillfeather-Canary', ssn: '987-65-4320' }

/** A person information that is right in every field, of the ownable given. */
export const aPersonInformation = (ownableId: number, fields: Record<string, unknown> = {}) => ({
  person_information: {
    ownable_id: ownableId,
    ownable_type: 'Patient',
    first_name: 'Ana',
    last_name: CANARY.name,
    date_of_birth: '1990-05-15',
    ssn: CANARY.ssn,
    phone: '+1-202-555-0123',
    email: 'ana@example.com',
    ...fields,
  },
})

/** A dependent that is right in every field, of the primary holder given. */
export const aDependent = (primaryHolderId: number, fields: Record<string, unknown> = {}) => ({
  dependent: {
    primary_holder_id: primaryHolderId,
    first_name: 'Ida',
    last_name: CANARY.name,
    date_of_birth: '2010-03-20',
    relationship: 'child' as const,
    ssn: CANARY.ssn,
    ...fields,
  },
})

/** A coverage that is right in every field, of the patient given. */
export const aCoverage = (patientId: number, fields: Record<string, unknown> = {}) => ({
  coverage: {
    patient_id: patientId,
    carrier: 'Harbor Mutual',
    member_id: 'HM 0012345',
    group_number: '0042',
    relationship: 'child' as const,
    subscriber_first_name: 'Ana',
    subscriber_last_name: CANARY.name,
    starts_on: '2026-01-01',
    ...fields,
  },
})

/** Plans `A1` to `An` of one carrier, unless `fields` say otherwise. */
export const somePlans = (
  count: number,
  fields: (n: number) => Partial<CataloguePlan> = () => ({}),
): CataloguePlan[] =>
  Array.from({ length: count }, (_, n) => ({
    external_id: `A${n + 1}`,
    plan_name: `Plan ${n + 1}`,
    carrier: 'Harbor Mutual',
    plan_type: 'PPO',
    coverage_details: { deductible: 1000, copay: 25, out_of_pocket_max: 5000 },
    active: true,
    ...fields(n + 1),
  }))
