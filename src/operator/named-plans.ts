import { sql } from 'drizzle-orm/sql/sql'
import type { Session } from '../storage/session.ts'
import { rows, statements } from '../storage/statement.ts'
import { plans } from '../storage/tables.ts'

const { $, statement } = statements('named plans', { externalIds: 'text' })
const selectIds = statement<{ id: number; external_id: string }>(sql`
  SELECT plans.id, external_id FROM json_each(${$.externalIds}) AS given
    CROSS JOIN ${plans} ON external_id = given.value`)

/** Finds the ids of plans, active or not, by the operator's ids of them. */
export async function findPlanIds(
  db: Session,
  externalIds: readonly string[],
): Promise<Map<string, number>> {
  const found = await rows(db, selectIds, { externalIds: JSON.stringify(externalIds) })
  return new Map(found.map(({ external_id, id }) => [external_id, id]))
}
