import { dependentsUpTo, PLANS, RECORDS_PER_PATIENT } from './fill.ts'

const PAGE_SIZE = 25

/** A call that is measured; with a body it is a POST. */
export type Endpoint = { name: string; path: string; body?: string }

/** How many pages of the default size so many rows fill. */
export const pagesOf = (rows: number) => Math.ceil(rows / PAGE_SIZE)

/** The reads of a clinic with this many person informations, one of which has the id. */
export function readsOf(records: number, id: number): Endpoint[] {
  const patient = Math.ceil(records / RECORDS_PER_PATIENT / 2)
  return [
    ...pages('person informations', '/person_informations', records),
    {
      name: 'person informations of a patient',
      path: `/person_informations?patient_id=${patient}`,
    },
    { name: 'person information', path: `/person_informations/${id}` },
    ...pages('dependents', '/dependents', dependentsUpTo(records)),
    { name: 'dependents of a holder', path: `/dependents?primary_holder_id=${patient}` },
    ...pages('plans', '/plans', PLANS),
    {
      name: 'plans of a carrier and type',
      path: '/plans?active=true&carrier=carrier+3&plan_type=ppo',
    },
  ]
}

const pages = (name: string, path: string, rows: number): Endpoint[] => [
  { name: `${name}, first page`, path },
  { name: `${name}, middle page`, path: `${path}?page=${Math.ceil(pagesOf(rows) / 2)}` },
  { name: `${name}, last page`, path: `${path}?page=${pagesOf(rows)}` },
]

export const CREATES: Endpoint[] = [
  {
    name: 'create a person information',
    path: '/person_informations',
    body: JSON.stringify({
      person_information: {
        ownable_id: 1,
        ownable_type: 'Patient',
        first_name: 'Ana',
        last_name: 'Sørensen',
        date_of_birth: '1990-05-15',
        ssn: '987-65-4320',
        phone: '+1-202-555-0123',
        email: 'ana@example.com',
      },
    }),
  },
  {
    name: 'create a dependent',
    path: '/dependents',
    body: JSON.stringify({
      dependent: {
        primary_holder_id: 1,
        first_name: 'Ida',
        last_name: 'Sørensen',
        date_of_birth: '2010-03-20',
        relationship: 'child',
        ssn: '987-65-4321',
      },
    }),
  },
]
