import * as contract from './contract.ts'
import { List, nextQuery, type ReadPage } from './list.ts'
import {
  openTransport,
  type CallOptions,
  type ClientOptions,
  type CreateOptions,
} from './transport.ts'

export type {
  Dependent,
  DependentPage,
  DependentsQuery,
  NewDependent,
  NewPersonInformation,
  PersonInformation,
  PersonInformationPage,
  PersonInformationsQuery,
  Plan,
  PlanPage,
  PlansQuery,
} from './contract.ts'
export { ClinicInsurancesError, type FieldErrors } from './error.ts'
export type { List } from './list.ts'
export type { CallOptions, ClientOptions, CreateOptions } from './transport.ts'

const BASE = '/v1/clinic/insurances'

export type Client = ReturnType<typeof createClient>

/** The client of the Clinic Insurances API: a method for each operation, named as in openapi.json. */
export function createClient(options: ClientOptions) {
  const request = openTransport(options)

  function list<Page, Item>(
    path: string,
    query: string,
    { signal }: CallOptions,
    read: (response: Response) => Promise<Page>,
    itemsOf: (page: Page) => Item[],
  ): List<Page, Item> {
    const readPage = async (at: string): Promise<ReadPage<Page>> => {
      const response = await request('GET', path, { query: at, signal })
      return { page: await read(response), next: nextQuery(response) }
    }
    return new List<Page, Item>(query, readPage, itemsOf)
  }

  /** Posts under an idempotency key, so that a retry finds what the first try created. */
  const create = (path: string, body: string, { signal, idempotencyKey }: CreateOptions) =>
    request('POST', path, {
      body,
      signal,
      headers: { 'Idempotency-Key': idempotencyKey ?? crypto.randomUUID() },
    })
  const get = (path: string, { signal }: CallOptions) => request('GET', path, { signal })

  return {
    /** Lists your clinic's person informations. */
    listPersonInformations: (
      query: contract.PersonInformationsQuery = {},
      options: CallOptions = {},
    ) =>
      list(
        `${BASE}/person_informations`,
        contract.personInformationsQuery(query),
        options,
        contract.readPersonInformations,
        (page) => page.person_informations,
      ),

    /** Gets one person information. */
    getPersonInformation: async (id: number, options: CallOptions = {}) =>
      contract.readPersonInformation(await get(`${BASE}/person_informations/${id}`, options)),

    /** Creates a person information. The SSN is answered masked. */
    createPersonInformation: async (
      fields: contract.NewPersonInformation,
      options: CreateOptions = {},
    ) =>
      contract.readPersonInformation(
        await create(
          `${BASE}/person_informations`,
          contract.writePersonInformation(fields),
          options,
        ),
      ),

    /** Lists your clinic's dependents. */
    listDependents: (query: contract.DependentsQuery = {}, options: CallOptions = {}) =>
      list(
        `${BASE}/dependents`,
        contract.dependentsQuery(query),
        options,
        contract.readDependents,
        (page) => page.dependents,
      ),

    /** Gets one dependent. */
    getDependent: async (id: number, options: CallOptions = {}) =>
      contract.readDependent(await get(`${BASE}/dependents/${id}`, options)),

    /** Creates a dependent of a patient. The SSN is answered masked. */
    createDependent: async (fields: contract.NewDependent, options: CreateOptions = {}) =>
      contract.readDependent(
        await create(`${BASE}/dependents`, contract.writeDependent(fields), options),
      ),

    /** Lists the plans of the catalogue. */
    listPlans: (query: contract.PlansQuery = {}, options: CallOptions = {}) =>
      list(
        `${BASE}/plans`,
        contract.plansQuery(query),
        options,
        contract.readPlans,
        (page) => page.plans,
      ),

    /** Registers an ownable, such as a patient, whom records may then name. */
    registerOwnable: async (
      type: string,
      id: number,
      { signal }: CallOptions = {},
    ): Promise<void> => {
      await request('PUT', `${BASE}/ownables/${encodeURIComponent(type)}/${id}`, { signal })
    },

    /** Finds the API's description. */
    getServiceIndex: async (options: CallOptions = {}) =>
      contract.readServiceIndex(await get('/', options)),

    /** Gets the OpenAPI document. */
    getOpenapiDocument: async (options: CallOptions = {}) =>
      contract.readOpenapiDocument(await get('/openapi.json', options)),

    /** Asks whether the API is up. */
    getHealth: async (options: CallOptions = {}) =>
      contract.readHealth(await get('/health', options)),

    /** Asks whether the API can serve. */
    getReadiness: async (options: CallOptions = {}) =>
      contract.readReadiness(await get('/health/ready', options)),
  }
}
