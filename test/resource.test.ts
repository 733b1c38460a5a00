import { sql } from 'drizzle-orm/sql/sql'
import * as z from 'zod'
import { expect, it } from 'vitest'
import { resource, ssnField, type Field, type Filter } from '../src/records/resource.ts'

// The compiler refuses a resource that names what isn't there, and test/statements.test.ts a column that isn't.

const field: Field = { given: z.string(), answered: z.string(), example: 'Acme' }
const patient = {
  query: z.string().optional(),
  type: 'integer',
  where: (id) => sql`patient_id = ${id}`,
  index: 'employers_by_patient',
  order: sql`id`,
} satisfies Filter
const { index: _, order: __, ...unfound } = patient

/** One that is right in all. */
const right = {
  name: 'employers',
  one: 'employer',
  about: 'who employs a patient',
  exampleId: 1,
  fields: { patient_id: field, name: field },
  owner: { id: 'patient_id', filter: 'patient_id' } as const,
  filters: { patient_id: patient },
}
const rule = { check: 'true', field: 'name' as const, message: 'is wrong' }
const exists = () => sql`true`

it('takes a resource that declares what is there', () => {
  const made = resource({
    ...right,
    fields: { ...right.fields, name: { ...field, identity: String, folded: String } },
    references: { name: exists },
    identity: { index: 'i', columns: ['patient_id', 'name_identity'], words: 'name' },
    filters: { patient_id: patient, name: { ...unfound, needs: 'patient_id' } },
    rules: { named: rule },
  })

  expect(made.columns).toEqual([
    ...['id', 'uid', 'version', 'patient_id', 'name', 'name_folded', 'name_identity'],
    ...['created_at', 'updated_at'],
  ])
})

const lost = { ...unfound, needs: 'plan_id' as const }
const both = { ...patient, needs: 'patient_id' as const }
const bound = { ...patient, most: { matches: 1, add: 'plan_id' as const } }

/** For the compiler alone, which refuses each of these lines. */
export const refused = () => [
  // @ts-expect-error an owner without a field
  resource({ ...right, owner: { id: 'owner_id', filter: 'patient_id' } }),
  // @ts-expect-error an owner without a field for its type
  resource({ ...right, owner: { id: 'patient_id', type: 'owner_type', filter: 'patient_id' } }),
  // @ts-expect-error an owner without its filter
  resource({ ...right, owner: { id: 'patient_id', filter: 'owner_id' } }),
  // @ts-expect-error a rule about a field that is not there
  resource({ ...right, rules: { named: { ...rule, field: 'plan_id' } } }),
  // @ts-expect-error a field that every record has
  resource({ ...right, fields: { ...right.fields, uid: field } }),
  // @ts-expect-error a filter that every list has
  resource({ ...right, filters: { patient_id: patient, page: patient } }),
  // @ts-expect-error a filter that no index finds
  resource({ ...right, filters: { patient_id: patient, name: unfound } }),
  // @ts-expect-error a filter that needs one that is not there
  resource({ ...right, filters: { patient_id: patient, name: lost } }),
  // @ts-expect-error a filter with an index, that needs another
  resource({ ...right, filters: { patient_id: patient, name: both } }),
  // @ts-expect-error a bound that names none
  resource({ ...right, filters: { patient_id: bound } }),
]

it('gives an SSN the columns that sealing needs, and masks it', () => {
  const made = resource({ ...right, fields: { ...right.fields, ssn: ssnField('123-45-6789') } })

  expect(made.columns).toEqual(
    expect.arrayContaining(['ssn_key_id', 'ssn_sealed', 'ssn_last_four']),
  )
  expect(made.columns).not.toContain('ssn')
  expect(made.record.shape).toHaveProperty('ssn')
})
