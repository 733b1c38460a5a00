import { sql } from 'drizzle-orm/sql/sql'
import type { Session } from '../storage/session.ts'
import { rows, statements } from '../storage/statement.ts'
import { changes, plans } from '../storage/tables.ts'

// Each cell numbers its plans in the order of its imports, so a plan's id may mean another one elsewhere.

const { $, statement } = statements('operator/plan-references', { clinicId: 'text', ids: 'text' })

const selectNamed = statement<{ id: number; external_id: string }>(sql`
  WITH named (id) AS (
    SELECT plan_id FROM coverages WHERE clinic_id = ${$.clinicId}
    UNION SELECT before ->> 'plan_id' FROM ${changes} WHERE clinic_id = ${$.clinicId} AND resource = 'coverages')
  SELECT plans.id, plans.external_id FROM named CROSS JOIN ${plans} ON plans.id = named.id ORDER BY plans.id`)

const selectById = statement<{ id: number; external_id: string }>(sql`
  SELECT plans.id, plans.external_id FROM json_each(${$.ids}) AS given CROSS JOIN ${plans} ON plans.id = given.value`)

/** A plan that a clinic's coverages name; `there` is the one that the target has under its id, if any. */
export type OtherPlan = { id: number; here: string; there: string | undefined }

/** The plans that the clinic's coverages and their history name, and that are others at the target. */
export async function listOtherPlans(
  source: Session,
  target: Session,
  clinicId: string,
): Promise<OtherPlan[]> {
  const named = await rows(source, selectNamed, { clinicId, ids: '[]' })
  const ids = JSON.stringify(named.map(({ id }) => id))
  const found = await rows(target, selectById, { clinicId, ids })
  const byId = new Map(found.map(({ id, external_id }) => [id, external_id]))
  return named
    .map(({ id, external_id }) => ({ id, here: external_id, there: byId.get(id) }))
    .filter(({ here, there }) => here !== there)
}
