import { sql } from 'drizzle-orm/sql/sql'
import * as z from 'zod'
import { expect, it } from 'vitest'
import { resource, ssnField, type Field } from '../src/records/resource.ts'

// A resource that declares something that isn't there stops the Worker from starting, in this test and not in a clinic.

type Description = Parameters<typeof resource>[0]

const field: Field = { given: z.string(), answered: z.string(), example: 'Acme' }
const patient = {
  query: z.string().optional(),
  type: 'integer',
  where: (id) => sql`patient_id = ${id}`,
  index: 'employers_by_patient',
  order: sql`id`,
} satisfies Description['filters'][string]
const { index: _, order: __, ...unfound } = patient

/** One that is right in all. */
const right: Description = {
  name: 'employers',
  one: 'employer',
  about: 'who employs a patient',
  exampleId: 1,
  fields: { patient_id: field, name: field },
  owner: { id: 'patient_id', filter: 'patient_id' },
  filters: { patient_id: patient },
}
const rule = { check: 'true', field: 'name', message: 'is wrong' }
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

it.each<[string, Partial<Description>, string]>([
  [
    'an owner without a field',
    { owner: { id: 'owner_id', filter: 'patient_id' } },
    'the owner needs owner_id, which it lacks',
  ],
  [
    'an owner without a field for its type',
    { owner: { id: 'patient_id', type: 'owner_type', filter: 'patient_id' } },
    'the owner needs owner_type, which it lacks',
  ],
  [
    'an owner without its filter',
    { owner: { id: 'patient_id', filter: 'owner_id' } },
    'the owner needs the filter owner_id, which it lacks',
  ],
  ['a person without a name', { person: true }, 'a person needs first_name_folded, which it lacks'],
  [
    'a person whose names are not folded',
    {
      person: true,
      fields: { ...right.fields, first_name: field, last_name: field, date_of_birth: field },
    },
    'a person needs first_name_folded, which it lacks',
  ],
  [
    'a reference without a column',
    { references: { plan_id: exists } },
    'a reference needs plan_id, which it lacks',
  ],
  [
    'an identity of a column that is not there',
    { identity: { index: 'i', columns: ['name_identity'], words: 'name' } },
    'the identity needs name_identity, which it lacks',
  ],
  [
    'a rule about a field that is not there',
    { rules: { named: { ...rule, field: 'plan_id' } } },
    'the rule named names no field',
  ],
  [
    'a rule with the name of a reference',
    { references: { name: exists }, rules: { name: rule } },
    'name is the name of something else',
  ],
  [
    'a rule with the name of the owner',
    { rules: { patient_id: rule } },
    'patient_id is the name of something else',
  ],
  ...['id', 'uid', 'version', 'clinic_id', 'created_at', 'updated_at'].map(
    (name): [string, Partial<Description>, string] => [
      `a field called ${name}`,
      { fields: { ...right.fields, [name]: field } },
      `${name} is the name of something else`,
    ],
  ),
  [
    'a filter called page',
    { filters: { patient_id: patient, page: patient } },
    'page is the name of something else',
  ],
  ...Object.entries<Description['filters'][string]>({
    'that no index finds': unfound,
    'with an index and no order': { ...unfound, index: 'i' },
    'with an order and no index': { ...unfound, order: sql`id` },
    'that needs one that is not there': { ...unfound, needs: 'plan_id' },
    'with an index, that needs another': { ...patient, needs: 'patient_id' },
    'with a bound that names none': { ...patient, most: { matches: 1, add: 'plan_id' } },
  }).map(([what, name]): [string, Partial<Description>, string] => [
    `a filter ${what}`,
    { filters: { patient_id: patient, name } },
    'the filter name needs an index with its order, or another filter',
  ]),
])('refuses %s', (_, wrong, message) => {
  expect(() => resource({ ...right, ...wrong })).toThrow(new Error(`employers: ${message}`))
})

it('gives an SSN the columns that sealing needs, and masks it', () => {
  const made = resource({ ...right, fields: { ...right.fields, ssn: ssnField('123-45-6789') } })

  expect(made.columns).toEqual(
    expect.arrayContaining(['ssn_key_id', 'ssn_sealed', 'ssn_last_four']),
  )
  expect(made.columns).not.toContain('ssn')
  expect(made.record.shape).toHaveProperty('ssn')
})
