import { DELETIONS, dependentsUpTo, PLANS, QUARLES, RECORDS_PER_PATIENT } from './fill.ts'
import type { Call } from './load.ts'

const PAGE_SIZE = 25
/** The record whose history is read. */
export const AMENDED = 30
const BATCH = 10

/** A call without the headers that all have. */
export type Sent = Pick<Call, 'method' | 'path' | 'body'>

/** What is measured. */
export type Endpoint = {
  name: string
  /** The call to measure, `send(0)`, and others like it, all different. */
  send: (n: number) => Sent
  /** What a call leaves in the trail, which costs until it ends. */
  leaves: { accesses: number; changes: number; keys: number }
  /** No call can be made twice, as there is nothing to do the second time. */
  isOnce?: boolean
  /** Its clinic, if it has one of its own. */
  clinicId?: string
  /** The textbook twin has it too. */
  inTwin?: boolean
  /** Answered from the isolate's memory after the first time. */
  isCached?: boolean
}

/** How many pages of the default size so many rows fill. */
export const pagesOf = (rows: number) => Math.ceil(rows / PAGE_SIZE)

/** The endpoints in a clinic of this many person informations. */
export function endpointsOf(records: number): Endpoint[] {
  const patient = Math.ceil(records / RECORDS_PER_PATIENT / 2)
  const middle = Math.ceil(records / 2)
  const persons = '/person_informations'
  const dependents = '/dependents'
  const lastOf = (rows: number) => pagesOf(rows)
  return [
    read('person informations, first page', (n) => `${persons}?page=${1 + n}`, IN_TWIN),
    read(
      'person informations, last page',
      (n) => `${persons}?page=${lastOf(records) + n}`,
      IN_TWIN,
    ),
    read(
      'person informations of a patient',
      (n) => `${persons}?patient_id=${patient + n}`,
      IN_TWIN,
    ),
    read('a person information', (n) => `${persons}/${1 + ((middle + n) % records)}`, IN_TWIN),
    read(
      'dependents, last page',
      (n) => `${dependents}?page=${lastOf(dependentsUpTo(records)) + n}`,
      IN_TWIN,
    ),
    read(
      'dependents of a holder',
      (n) => `${dependents}?primary_holder_id=${patient + n}`,
      IN_TWIN,
    ),
    read('history of a record', (n) => `${persons}/${AMENDED}/history?page=${1 + n}`),
    read('25 changes', (n) => `/changes?after=${10 + n}&limit=25`),
    {
      name: 'search',
      send: (n) => post(`${persons}/search`, { search: { last_name: QUARLES }, page: 1 + n }),
      leaves: { ...NOTHING, accesses: 1 },
    },
    plans('plans, first page', (n) => `/plans?page=${1 + n}`, IN_TWIN),
    plans('plans, last page', (n) => `/plans?page=${lastOf(PLANS) + n}`, IN_TWIN),
    plans(
      'plans of a carrier and type',
      (n) => `/plans?active=true&carrier=carrier+3&plan_type=ppo${n ? `&page=${n}` : ''}`,
      IN_TWIN,
    ),
    plans('plan search', (n) => `/plans?search=${1234 + n}`),
    plans('plan facets', () => '/plans/facets'),
    plans('a plan', (n) => `/plans/${1 + n}`),
    write('create a person information', (n) => post(persons, { person_information: person(n) })),
    write('create a dependent', (n) => post(dependents, { dependent: dependent(n) })),
    {
      ...write(`create ${BATCH} in a batch`, (n) =>
        post(`${persons}/batch`, {
          person_informations: Array.from({ length: BATCH }, (_, m) => person(n * BATCH + m)),
        }),
      ),
      leaves: { accesses: 0, changes: BATCH, keys: 1 },
    },
    {
      ...write('amend', (n) => ({
        method: 'PATCH',
        path: `${persons}/${40 + (Math.floor(n / 2) % 400)}`,
        body: JSON.stringify({ person_information: { first_name: `Ana ${n}` } }),
      })),
      isOnce: true,
    },
    {
      ...write('delete', (n) => ({ method: 'DELETE', path: `${persons}/${1 + n}` })),
      isOnce: true,
      clinicId: DELETIONS,
    },
  ]
}

export const NOTHING = { accesses: 0, changes: 0, keys: 0 }
const IN_TWIN = { inTwin: true }

const read = (name: string, path: (n: number) => string, more = {}): Endpoint => ({
  name,
  send: (n) => ({ method: 'GET', path: path(n) }),
  leaves: { ...NOTHING, accesses: 1 },
  ...more,
})

const plans = (name: string, path: (n: number) => string, more = {}): Endpoint => ({
  ...read(name, path, more),
  leaves: NOTHING,
  isCached: true,
})

const write = (name: string, send: (n: number) => Sent): Endpoint => ({
  name,
  send,
  leaves: { accesses: 0, changes: 1, keys: 1 },
})

const post = (path: string, body: unknown): Sent => ({
  method: 'POST',
  path,
  body: JSON.stringify(body),
})

const person = (n: number) => ({
  ownable_id: 1,
  ownable_type: 'Patient',
  first_name: `Ana ${n}`,
  last_name: 'Sørensen',
  date_of_birth: '1990-05-15',
  ssn: '987-65-4320',
  phone: '+1-202-555-0123',
  email: 'ana@example.com',
})

const dependent = (n: number) => ({
  primary_holder_id: 1,
  first_name: `Ida ${n}`,
  last_name: 'Sørensen',
  date_of_birth: '2010-03-20',
  relationship: 'child',
  ssn: '987-65-4321',
})
