import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { listByOffset, listByPosition, type PageRequest, type ReadPage } from '../db/pages.ts'
import { prepared } from '../db/prepared.ts'
import type { Session } from '../db/session.ts'
import { plans } from '../db/tables.ts'

type PlanFilters = {
  planType: string | undefined
  carrier: string | undefined
  active: boolean | undefined
}

/** The documented keys in the documented order. */
const answered = {
  id: plans.id,
  plan_name: plans.plan_name,
  carrier: plans.carrier,
  plan_type: plans.plan_type,
  coverage_details: plans.coverage_details,
  active: plans.active,
  created_at: plans.created_at,
  updated_at: plans.updated_at,
}

/** The list for each set of filters, once it was asked for. */
const lists = new Map<string, ReadPage>()

/** Lists the catalogue in the order of its ids: the plans that match every filter given. */
export async function listPlans(
  db: Session,
  { planType, carrier, active, ...request }: PageRequest & PlanFilters,
) {
  const values = {
    ...(planType !== undefined && { plan_type: planType }),
    ...(carrier !== undefined && { carrier }),
    ...(active !== undefined && { active: Number(active) }),
  }
  const names = Object.keys(values)
  const list = lists.get(names.join()) ?? listBy(names)
  lists.set(names.join(), list)

  return await list(db, request, values)
}

function listBy(names: readonly string[]): ReadPage {
  if (names.length === 0) return listByPosition(answered, plans, sql`id`, sql`true`)
  const matching = names.map((name): SQL => sql.raw(`${name} = :${name}`))
  return listByOffset(answered, plans, sql`id`, sql.join(matching, sql` AND `))
}

/** A plan as the operator loads it; `external_id` is its identity from load to load. */
export type CataloguePlan = {
  external_id: string
  plan_name: string
  carrier: string
  plan_type: string
  coverage_details: Record<string, unknown>
  active: boolean
}

/** The rows as a table, from one JSON parameter. */
const given = sql`
  SELECT value ->> '$.external_id' AS external_id, value ->> '$.plan_name' AS plan_name,
    value ->> '$.carrier' AS carrier, value ->> '$.plan_type' AS plan_type,
    value ->> '$.coverage_details' AS coverage_details, value ->> '$.active' AS active
  FROM json_each(:rows)`

/** Whether the row given, which SQL calls `excluded`, says anything else than the plan stored. */
const differs = sql`plans.plan_name IS NOT excluded.plan_name COLLATE BINARY
  OR plans.carrier IS NOT excluded.carrier COLLATE BINARY
  OR plans.plan_type IS NOT excluded.plan_type COLLATE BINARY
  OR plans.coverage_details IS NOT excluded.coverage_details
  OR plans.active IS NOT excluded.active`

const upsert = prepared(
  sql`INSERT INTO ${plans} (external_id, plan_name, carrier, plan_type, coverage_details, active,
      created_at, updated_at)
    SELECT external_id, plan_name, carrier, plan_type, coverage_details, active, :now, :now
    FROM (${given}) WHERE true
    ON CONFLICT (external_id) DO UPDATE SET plan_name = excluded.plan_name,
      carrier = excluded.carrier, plan_type = excluded.plan_type,
      coverage_details = excluded.coverage_details, active = excluded.active,
      updated_at = excluded.updated_at
    WHERE ${differs}`,
)

const countWritten = prepared(
  sql`SELECT coalesce(sum(created_at = :now), 0) AS inserted,
      coalesce(sum(created_at <> :now), 0) AS updated
    FROM ${plans} WHERE updated_at = :now
      AND external_id IN (SELECT value ->> '$.external_id' FROM json_each(:rows))`,
)

/**
 * Upserts plans by `external_id` and leaves rows that say the same already as they are, `updated_at` too.
 * The rows travel as one JSON parameter, so a few hundred fit under D1's limit of 100. What was written is
 * told by its time, which is fixed here, so the counts are the same however often the batch had to be tried.
 */
export async function upsertPlans(db: Session, rows: readonly CataloguePlan[]) {
  const values = { rows: JSON.stringify(rows), now: new Date().toISOString() }
  const [, written] = await db.batch<{ inserted: number; updated: number }>([
    upsert(db, values),
    countWritten(db, values),
  ])
  const { inserted = 0, updated = 0 } = written?.results[0] ?? {}
  return { inserted, updated, unchanged: rows.length - inserted - updated }
}

const compare = prepared(
  sql`SELECT count(*) AS present, coalesce(sum(${differs}), 0) AS updated
    FROM (${given}) AS excluded JOIN ${plans} ON plans.external_id = excluded.external_id`,
)

/** What `upsertPlans` would do with rows of different plans, without doing it. */
export async function comparePlans(db: Session, rows: readonly CataloguePlan[]) {
  const [compared] = await db.batch<{ present: number; updated: number }>([
    compare(db, { rows: JSON.stringify(rows) }),
  ])
  const { present = 0, updated = 0 } = compared?.results[0] ?? {}
  return { inserted: rows.length - present, updated, unchanged: present - updated }
}

const selectActive = prepared(
  sql`SELECT id, external_id FROM ${plans} WHERE active = 1 AND id > :after ORDER BY id LIMIT :limit`,
)

/** Lists some active plans in the order of their ids, from the one after `after`. */
export async function listActivePlans(db: Session, after: number, limit: number) {
  const [active] = await db.batch<{ id: number; external_id: string }>([
    selectActive(db, { after, limit }),
  ])
  return active?.results ?? []
}

const deactivate = prepared(
  sql`UPDATE ${plans} SET active = 0, updated_at = :now
    WHERE id IN (SELECT value FROM json_each(:ids))`,
)

/** Makes plans inactive, by their ids. */
export async function deactivatePlans(db: Session, ids: readonly number[]) {
  await db.batch([deactivate(db, { ids: JSON.stringify(ids), now: new Date().toISOString() })])
}
