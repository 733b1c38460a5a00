import { MUST_EXIST } from '../../../fields/messages.ts'
import { findPlanIds } from '../../../operator/named-plans.ts'
import type { ImportedRow } from '../../../operator/records/match.ts'
import type { Session } from '../../../storage/session.ts'
import type { RowErrors } from '../../files/rejections.ts'
import type { CheckedRow } from './rows.ts'

/** Puts the id of a plan where rows name it by its external_id, as `plan`. Tells the rows whose plan is not there. */
export async function namePlans(
  db: Session,
  rows: readonly CheckedRow<ImportedRow>[],
): Promise<Map<number, RowErrors>> {
  const named = rows.flatMap(({ row: { columns }, accepted }, place) =>
    columns?.plan === undefined || columns.plan === ''
      ? []
      : [{ place, accepted, plan: String(columns.plan).trim() }],
  )
  const errors = new Map<number, RowErrors>()
  if (named.length === 0) return errors

  const ids = await findPlanIds(
    db,
    named.map(({ plan }) => plan),
  )
  for (const { place, accepted, plan } of named) {
    const id = ids.get(plan)
    if (id === undefined) errors.set(place, { plan: [`${MUST_EXIST} as external_id of a plan`] })
    else if (accepted) accepted.fields.plan_id = id
  }
  return errors
}
