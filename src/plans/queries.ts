import { and, eq, max, sql, type AnyColumn } from 'drizzle-orm'
import type { SelectResultFields } from 'drizzle-orm/query-builders/select.types'
import type { Database } from '../db/client.ts'
import { listByOffset, listByPosition, type PageRequest } from '../db/paging.ts'
import { plans, type CoverageDetails } from '../db/tables.ts'

type PlanFilters = {
  planType: string | undefined
  carrier: string | undefined
  active: boolean | undefined
}

/** The documented keys in the documented order. */
const answered = {
  id: plans.id,
  plan_name: plans.planName,
  carrier: plans.carrier,
  plan_type: plans.planType,
  coverage_details: sql<string>`${plans.coverageDetails}`.as('coverage_details'),
  active: sql<0 | 1>`${plans.active}`.as('active'),
  created_at: plans.createdAt,
  updated_at: plans.updatedAt,
}

/** Lists the catalogue in the order of its making, the plans that match every filter given. */
export async function listPlans(
  db: Database,
  { planType, carrier, active, ...request }: PageRequest & PlanFilters,
) {
  const matching = and(
    planType === undefined ? undefined : eq(plans.planType, planType),
    carrier === undefined ? undefined : eq(plans.carrier, carrier),
    active === undefined ? undefined : eq(plans.active, active),
  )
  const list =
    matching === undefined
      ? listByPosition(answered, plans, plans.id)
      : listByOffset(answered, plans, plans.id, matching)

  const page = await list(db, request)
  return { ...page, rows: page.rows.map(asAnswered) }
}

type Stored = SelectResultFields<typeof answered>

const asAnswered = (plan: Stored) => ({
  ...plan,
  coverage_details: JSON.parse(plan.coverage_details),
  active: plan.active === 1,
})

/** A plan as the operator loads it; `external_id` is its identity from load to load. */
export type CataloguePlan = {
  external_id: string
  plan_name: string
  carrier: string
  plan_type: string
  coverage_details: CoverageDetails
  active: boolean
}

/**
 * Upserts plans by `external_id` and leaves rows that say the same already as they are, `updated_at` too.
 * The rows travel as one JSON parameter, so a few hundred fit under D1's limit of 100.
 */
export async function upsertPlans(db: Database, rows: readonly CataloguePlan[]) {
  const now = new Date().toISOString()
  const field = (name: string) => sql`value ->> ${sql.raw(`'$.${name}'`)}`
  const differs = sql.join(
    [plans.planName, plans.carrier, plans.planType, plans.coverageDetails, plans.active].map(
      (column) => sql`${column} IS NOT ${given(column)} COLLATE BINARY`,
    ),
    sql` OR `,
  )

  const [[before], written, [after]] = await db.batch([
    db.select({ last: max(plans.id) }).from(plans),
    db
      .insert(plans)
      .select(
        sql`SELECT NULL, ${field('external_id')}, ${field('plan_name')}, ${field('carrier')},
          ${field('plan_type')}, ${field('coverage_details')}, ${field('active')}, ${now}, ${now}
          FROM json_each(${JSON.stringify(rows)}) WHERE true`,
      )
      .onConflictDoUpdate({
        target: plans.externalId,
        set: {
          planName: given(plans.planName),
          carrier: given(plans.carrier),
          planType: given(plans.planType),
          coverageDetails: given(plans.coverageDetails),
          active: given(plans.active),
          updatedAt: given(plans.updatedAt),
        },
        setWhere: differs,
      })
      .returning({ id: plans.id }),
    db.select({ last: max(plans.id) }).from(plans),
  ])
  const inserted = (after?.last ?? 0) - (before?.last ?? 0)
  return {
    inserted,
    updated: written.length - inserted,
    unchanged: rows.length - written.length,
  }
}

const given = (column: AnyColumn) => sql`excluded.${sql.identifier(column.name)}`
