import type * as z from 'zod'
import type { plan, planFacets, planList, plansFilter } from '../plans/schema.ts'
import type { health, openapiDocument, readiness, serviceIndex } from '../health/schema.ts'

// What the client reads, inferred from the API's own schemas. Each function's type is worked out key by key, so that
// the built declarations spell it out and stand without the schemas and without zod.

const reads =
  <Schema extends z.ZodType>() =>
  (response: Response): Promise<{ [Key in keyof z.output<Schema>]: z.output<Schema>[Key] }> =>
    response.json()

const asks =
  <Schema extends z.ZodType>() =>
  (query: {
    [Key in keyof z.output<Schema>]?: Exclude<z.output<Schema>[Key], undefined>
  }): object =>
    query

export const plansQuery = asks<typeof plansFilter>()
export const readPlans = reads<typeof planList>()
export const readPlan = reads<typeof plan>()
export const readPlanFacets = reads<typeof planFacets>()

export const readServiceIndex = reads<typeof serviceIndex>()
export const readOpenapiDocument = reads<typeof openapiDocument>()
export const readHealth = reads<typeof health>()
export const readReadiness = reads<typeof readiness>()

export type PlansQuery = Parameters<typeof plansQuery>[0]
export type PlanPage = Awaited<ReturnType<typeof readPlans>>
export type Plan = PlanPage['plans'][number]
