import type * as z from 'zod'
import type {
  dependent,
  dependentsQuery as dependentsParameters,
  newDependent,
} from '../dependents/schema.ts'
import type { pagination } from '../fields/paging.ts'
import type {
  newPersonInformation,
  personInformation,
  personInformationsQuery as personInformationsParameters,
} from '../person-informations/schema.ts'
import type { planList, plansFilter } from '../plans/schema.ts'
import type { health, openapiDocument, readiness, serviceIndex } from '../service/schema.ts'

// What the client sends and reads, inferred from the API's own schemas. Each function's type is worked out
// key by key, so that the built declarations spell it out and stand without the schemas and without zod.

/** Fields as they are given: what may be null may be left out. */
type Given<Fields> = {
  [Key in keyof Fields as null extends Fields[Key] ? never : Key]: Fields[Key]
} & {
  [Key in keyof Fields as null extends Fields[Key] ? Key : never]?: Fields[Key] | undefined
}

const reads =
  <Schema extends z.ZodType>() =>
  (response: Response): Promise<{ [Key in keyof z.output<Schema>]: z.output<Schema>[Key] }> =>
    response.json()

type List<Key extends string, Schema extends z.ZodType> = z.ZodObject<
  Record<Key, z.ZodArray<Schema>> & { pagination: typeof pagination }
>

const writes =
  <Schema extends z.ZodType>(root: string) =>
  (given: Given<z.output<Schema>>): string =>
    JSON.stringify({ [root]: given })

const asks =
  <Schema extends z.ZodType>() =>
  (query: { [Key in keyof z.output<Schema>]?: z.output<Schema>[Key] | undefined }): string => {
    const set = Object.entries(query).filter(([, value]) => value !== undefined)
    return new URLSearchParams(set.map(([key, value]) => [key, String(value)])).toString()
  }

export const personInformationsQuery = asks<typeof personInformationsParameters>()
export const readPersonInformations = reads<List<'person_informations', typeof personInformation>>()
export const readPersonInformation = reads<typeof personInformation>()
export const writePersonInformation = writes<typeof newPersonInformation>('person_information')

export const dependentsQuery = asks<typeof dependentsParameters>()
export const readDependents = reads<List<'dependents', typeof dependent>>()
export const readDependent = reads<typeof dependent>()
export const writeDependent = writes<typeof newDependent>('dependent')

export const plansQuery = asks<typeof plansFilter>()
export const readPlans = reads<typeof planList>()

export const readServiceIndex = reads<typeof serviceIndex>()
export const readOpenapiDocument = reads<typeof openapiDocument>()
export const readHealth = reads<typeof health>()
export const readReadiness = reads<typeof readiness>()

export type PersonInformationsQuery = Parameters<typeof personInformationsQuery>[0]
export type PersonInformationPage = Awaited<ReturnType<typeof readPersonInformations>>
export type PersonInformation = Awaited<ReturnType<typeof readPersonInformation>>
export type NewPersonInformation = Parameters<typeof writePersonInformation>[0]

export type DependentsQuery = Parameters<typeof dependentsQuery>[0]
export type DependentPage = Awaited<ReturnType<typeof readDependents>>
export type Dependent = Awaited<ReturnType<typeof readDependent>>
export type NewDependent = Parameters<typeof writeDependent>[0]

export type PlansQuery = Parameters<typeof plansQuery>[0]
export type PlanPage = Awaited<ReturnType<typeof readPlans>>
export type Plan = PlanPage['plans'][number]
