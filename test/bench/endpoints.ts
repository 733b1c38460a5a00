import {
  A_QUARLES,
  DELETIONS,
  dependentsUpTo,
  PLANS,
  QUARLES,
  RECORDS_PER_PATIENT,
  TO_DELETE,
} from './fill.ts'
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
  /** Each call is made once: a second one would have nothing to do, or create the same record again. */
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
  const coverages = '/coverages'
  return [
    read('person informations, first page', (n) => `${persons}?page=${1 + n}`, IN_TWIN),
    read(
      'person informations, last page',
      (n) => `${persons}?page=${pagesOf(records) + n}`,
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
      (n) => `${dependents}?page=${pagesOf(dependentsUpTo(records)) + n}`,
      IN_TWIN,
    ),
    read(
      'dependents of a holder',
      (n) => `${dependents}?primary_holder_id=${patient + n}`,
      IN_TWIN,
    ),
    read(
      "a patient's coverages on a day",
      (n) => `${coverages}?patient_id=${patient + n}&active_on=2026-06-15`,
    ),
    read('coverages of a plan', (n) => `${coverages}?plan_id=${2 + n}`),
    read('history of a record', (n) => `${persons}/${AMENDED}/history?page=${1 + n}`),
    read('25 changes', (n) => `/changes?after=${10 + n}&limit=25`),
    {
      name: 'search',
      send: (n) => post(`${persons}/search`, { search: { last_name: QUARLES }, page: 1 + n }),
      leaves: { ...NOTHING, accesses: 1 },
    },
    plans('plans, first page', (n) => `/plans?page=${1 + n}`, IN_TWIN),
    plans('plans, last page', (n) => `/plans?page=${pagesOf(PLANS) + n}`, IN_TWIN),
    plans(
      'plans of a carrier and type',
      (n) => `/plans?active=true&carrier=carrier+3&plan_type=ppo${n ? `&page=${n}` : ''}`,
      IN_TWIN,
    ),
    plans(
      'active plans by name, a deep page',
      (n) => `/plans?active=true&page=${700 - n}&sort_by=plan_name`,
    ),
    plans("a plan by the operator's id", (n) => `/plans?external_id=BENCH-${1 + n}`),
    plans('plan search', (n) => `/plans?search=${1234 + n}`),
    plans('plan facets', () => '/plans/facets'),
    plans('a plan', (n) => `/plans/${1 + n}`),
    write('create a person information', (n) => post(persons, { person_information: person(n) }), {
      ...{ isOnce: true, inTwin: true },
    }),
    write('create a dependent', (n) => post(dependents, { dependent: dependent(n) }), {
      isOnce: true,
    }),
    write('create a coverage', (n) => post(coverages, { coverage: coverage(n) }), {
      isOnce: true,
    }),
    write(
      `create ${BATCH} in a batch`,
      (n) =>
        post(`${persons}/batch`, {
          person_informations: Array.from({ length: BATCH }, (_, m) => person(n * BATCH + m)),
        }),
      { isOnce: true, leaves: { accesses: 0, changes: BATCH, keys: 1 } },
    ),
    write(
      'create a person who is there',
      () => post(`${persons}?if_exists=return`, { person_information: A_QUARLES }),
      { leaves: { accesses: 1, changes: 0, keys: 1 } },
    ),
    write(
      'amend a person information',
      (n) => patch(`${persons}/${someOf(n)}`, { person_information: { first_name: `Ana ${n}` } }),
      { isOnce: true, inTwin: true },
    ),
    write(
      'amend a coverage',
      (n) => patch(`${coverages}/${someOf(n)}`, { coverage: { group_number: `G${n}` } }),
      { isOnce: true },
    ),
    write('delete', (n) => ({ method: 'DELETE', path: `${persons}/${anyOf(n)}` }), {
      ...{ isOnce: true, inTwin: true, clinicId: DELETIONS },
    }),
    write('register an ownable', (n) => ({ method: 'PUT', path: `/ownables/Patient/${1e6 + n}` }), {
      ...{ isOnce: true, leaves: { accesses: 1, changes: 0, keys: 0 } },
    }),
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

const write = (name: string, send: (n: number) => Sent, more = {}): Endpoint => ({
  name,
  send,
  leaves: { accesses: 0, changes: 1, keys: 1 },
  ...more,
})

const withBody =
  (method: Sent['method']) =>
  (path: string, body: unknown): Sent => ({ method, path, body: JSON.stringify(body) })
const post = withBody('POST')
const patch = withBody('PATCH')

/** The records to be deleted, in an order without one: how much a deletion writes depends on the id. */
const anyOf = (n: number) => 1 + ((n * 7919) % TO_DELETE)

/** One of the records that are amended. */
const someOf = (n: number) => 40 + (Math.floor(n / 3) % 400)

const person = (n: number) => ({
  ownable_id: 1,
  ownable_type: 'Patient',
  first_name: `Ana ${10_000 + n}`,
  last_name: 'Sørensen',
  date_of_birth: '1990-05-15',
  ssn: '987-65-4320',
  phone: '+1-202-555-0123',
  email: 'ana@example.com',
})

const coverage = (n: number) => ({
  ...{ patient_id: 1, plan_id: 7, member_id: `XYZ ${10_000 + n}`, group_number: '0042' },
  ...{ relationship: 'self', priority: 1, starts_on: '2026-01-01' },
})

const dependent = (n: number) => ({
  primary_holder_id: 1,
  first_name: `Ida ${10_000 + n}`,
  last_name: 'Sørensen',
  date_of_birth: '2010-03-20',
  relationship: 'child',
  ssn: '987-65-4321',
})
