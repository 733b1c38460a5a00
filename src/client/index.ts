import * as contract from './contract.ts'
import { listAt, queryOf } from './list.ts'
import { BASE, recordMethods } from './records.ts'
import { openTransport, wait, type CallOptions, type ClientOptions } from './transport.ts'

export type { Plan, PlanPage, PlansQuery } from './contract.ts'
export { ClinicInsurancesError, type FieldErrors } from './error.ts'
export type { List } from './list.ts'
export type {
  AmendOptions,
  CallOptions,
  ClientOptions,
  CreateOptions,
  WriteOptions,
} from './transport.ts'

export type Client = ReturnType<typeof createClient>
export type PersonInformation = Awaited<ReturnType<Client['getPersonInformation']>>
export type NewPersonInformation = Parameters<Client['createPersonInformation']>[0]
export type Dependent = Awaited<ReturnType<Client['getDependent']>>
export type NewDependent = Parameters<Client['createDependent']>[0]

type Records = ReturnType<typeof recordMethods>

/** A change, with the record as it is now: null if it is deleted. */
export type Change = {
  seq: number
  resource: string
  id: number
  version: number
  action: string
  at: string
  record: Awaited<ReturnType<Records[Extract<keyof Records, `get${string}`>]>> | null
}
export type ChangePage = { changes: Change[]; last_seq: number }

export type FollowOptions = CallOptions & {
  /** The `seq` of the last change that you have: 0, unless you say otherwise, for all there are. */
  after?: number
  /** Asks again so many milliseconds after the last change, and never ends. Without it, the last change is the end. */
  every?: number
}

/** The client of the Clinic Insurances API: a method for each operation, named as in openapi.json. */
export function createClient(options: ClientOptions) {
  const request = openTransport(options)
  const get = (path: string, { signal }: CallOptions) => request('GET', path, { signal })

  async function listChanges(
    query: { after?: number; limit?: number } = {},
    { signal }: CallOptions = {},
  ): Promise<ChangePage> {
    const response = await request('GET', `${BASE}/changes`, { query: queryOf(query), signal })
    return response.json()
  }

  return {
    ...recordMethods(request),

    /** Lists changes to your clinic's records, in the order in which they happened. */
    listChanges,

    /** Goes over all changes after one. Keep the `seq` of the last you have dealt with, to go on from there. */
    async *followChanges({ after = 0, every, signal }: FollowOptions = {}): AsyncGenerator<Change> {
      for (let last = after; ;) {
        const { changes, last_seq } = await listChanges({ after: last }, { signal })
        yield* changes
        last = last_seq
        if (changes.length > 0) continue
        if (every === undefined) return
        await wait(every, signal)
      }
    },

    /** Lists the plans of the catalogue. */
    listPlans: (query: contract.PlansQuery = {}, options: CallOptions = {}) =>
      listAt<contract.PlanPage, contract.Plan, 'plans'>(
        request,
        `${BASE}/plans`,
        'plans',
        query,
        options,
      ),

    /** Gets a plan of the catalogue. */
    getPlan: async (id: number, options: CallOptions = {}) =>
      contract.readPlan(await get(`${BASE}/plans/${id}`, options)),

    /** Lists carriers and plan types, and how many plans each has: for drop-downs. */
    listPlanFacets: async (options: CallOptions = {}) =>
      contract.readPlanFacets(await get(`${BASE}/plans/facets`, options)),

    /** Registers an ownable, such as a patient, whom records may then name. */
    async registerOwnable(type: string, id: number, { signal }: CallOptions = {}): Promise<void> {
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
