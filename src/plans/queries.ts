import { and, asc, eq, gt, sql, type AnyColumn } from 'drizzle-orm'
import type { Client, Database } from '../db/client.ts'
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
  coverage_details: plans.coverageDetails,
  active: plans.active,
  created_at: plans.createdAt,
  updated_at: plans.updatedAt,
}

/** Lists the catalogue in the order of its making, the plans that match every filter given. */
export async function listPlans(
  db: Client,
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

  return await list(db, request)
}

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
 * The rows travel as one JSON parameter, so a few hundred fit under D1's limit of 100. What was written is
 * told by its time, which is fixed here, so the counts are the same however often the batch had to be tried.
 */
export async function upsertPlans(db: Database, rows: readonly CataloguePlan[]) {
  const now = new Date().toISOString()
  const externalIds = JSON.stringify(rows.map(({ external_id }) => external_id))
  const [, [written]] = await db.batch([
    db
      .insert(plans)
      .select(
        sql`SELECT NULL, external_id, plan_name, carrier, plan_type, coverage_details, active,
          ${now}, ${now} FROM (${rowsOf(rows)}) WHERE true`,
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
        setWhere: differs(),
      }),
    db
      .select({
        inserted: sql<number>`coalesce(sum(${plans.createdAt} = ${now}), 0)`,
        updated: sql<number>`coalesce(sum(${plans.createdAt} <> ${now}), 0)`,
      })
      .from(plans)
      .where(
        and(
          eq(plans.updatedAt, now),
          sql`${plans.externalId} IN (SELECT value FROM json_each(${externalIds}))`,
        ),
      ),
  ])
  const { inserted = 0, updated = 0 } = written ?? {}
  return { inserted, updated, unchanged: rows.length - inserted - updated }
}

/** What `upsertPlans` would do with rows of different plans, without doing it. */
export async function comparePlans(db: Database, rows: readonly CataloguePlan[]) {
  const [[found]] = await db.batch([
    db
      .select({
        present: sql<number>`count(*)`,
        updated: sql<number>`coalesce(sum(${differs()}), 0)`,
      })
      .from(
        sql`(${rowsOf(rows)}) AS excluded JOIN ${plans} ON ${plans.externalId} = excluded.external_id`,
      ),
  ])
  const { present = 0, updated = 0 } = found ?? {}
  return { inserted: rows.length - present, updated, unchanged: present - updated }
}

/** Lists some active plans in the order of their ids, from the one after `afterId`. */
export async function listActivePlans(db: Database, afterId: number, limit: number) {
  const [active] = await db.batch([
    db
      .select({ id: plans.id, externalId: plans.externalId })
      .from(plans)
      .where(and(gt(plans.id, afterId), eq(plans.active, true)))
      .orderBy(asc(plans.id))
      .limit(limit),
  ])
  return active
}

/** Makes plans inactive, by their ids. */
export async function deactivatePlans(db: Database, ids: readonly number[]) {
  await db.batch([
    db
      .update(plans)
      .set({ active: false, updatedAt: new Date().toISOString() })
      .where(sql`${plans.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`),
  ])
}

/** The rows as a table, from one JSON parameter. */
const rowsOf = (rows: readonly CataloguePlan[]) =>
  sql`SELECT ${sql.join(
    ['external_id', 'plan_name', 'carrier', 'plan_type', 'coverage_details', 'active'].map(
      (name) => sql`value ->> ${sql.raw(`'$.${name}'`)} AS ${sql.identifier(name)}`,
    ),
    sql`, `,
  )} FROM json_each(${JSON.stringify(rows)})`

/** Whether the row given, which SQL calls `excluded`, says anything else than the plan stored. */
const differs = () =>
  sql.join(
    [plans.planName, plans.carrier, plans.planType, plans.coverageDetails, plans.active].map(
      (column) => sql`${column} IS NOT ${given(column)} COLLATE BINARY`,
    ),
    sql` OR `,
  )

const given = (column: AnyColumn) => sql`excluded.${sql.identifier(column.name)}`
