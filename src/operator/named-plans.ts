import { sql } from 'drizzle-orm/sql/sql'
import type { Session } from '../storage/session.ts'
import { rows, statements } from '../storage/statement.ts'
import { changes, plans } from '../storage/tables.ts'

// The operator names a plan by its external_id. Each cell numbers its plans in the order of its imports, so the same id
// may be another plan elsewhere.

type NamedPlan = { id: number; external_id: string }

const { $, statement } = statements('named plans', { names: 'text' })
const selectBy = (column: 'id' | 'external_id') =>
  statement<NamedPlan>(sql`
    SELECT plans.id, external_id FROM json_each(${$.names}) AS given
      CROSS JOIN ${plans} ON plans.${sql.raw(column)} = given.value`)
const [selectById, selectByExternalId] = [selectBy('id'), selectBy('external_id')]

/** Finds the ids of plans by external_id, whether or not they are active. */
export async function findPlanIds(db: Session, externalIds: readonly string[]) {
  const found = await rows(db, selectByExternalId, { names: JSON.stringify(externalIds) })
  return new Map(found.map(({ external_id, id }) => [external_id, id]))
}

const ofClinic = statements('named plans', { clinicId: 'text' })
const selectNamed = ofClinic.statement<NamedPlan>(sql`
  WITH named (id) AS (
    SELECT plan_id FROM coverages WHERE clinic_id = ${ofClinic.$.clinicId}
    UNION SELECT before ->> 'plan_id' FROM ${changes} WHERE clinic_id = ${ofClinic.$.clinicId} AND resource = 'coverages')
  SELECT plans.id, plans.external_id FROM named CROSS JOIN ${plans} ON plans.id = named.id ORDER BY plans.id`)

/**
 * The plans that the clinic's coverages and their history name, and whose ids are other plans at the target. `there` is
 * the target's plan with that id, if any.
 */
export async function listOtherPlans(source: Session, target: Session, clinicId: string) {
  const named = await rows(source, selectNamed, { clinicId })
  const names = JSON.stringify(named.map(({ id }) => id))
  const found = await rows(target, selectById, { names })
  const byId = new Map(found.map(({ id, external_id }) => [id, external_id]))
  return named
    .map(({ id, external_id }) => ({ id, here: external_id, there: byId.get(id) }))
    .filter(({ here, there }) => here !== there)
}
