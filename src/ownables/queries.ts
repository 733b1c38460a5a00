import { sql } from 'drizzle-orm/sql/sql'
import type { Session } from '../storage/session.ts'
import { batch, statements } from '../storage/statement.ts'
import { accesses, clinics, ownables } from '../storage/tables.ts'
import { rangesOf } from '../trail/ranges.ts'

/** Names an ownable within a clinic. */
export type Ownable = { type: string; id: number }

const { $, statement } = statements('ownables/queries', {
  clinicId: 'text',
  tokenId: 'text',
  requestId: 'text',
  now: 'text',
  type: 'text',
  ids: 'text',
  ranges: 'text',
})

const register = {
  insert: statement(sql`
    INSERT INTO ${ownables} (clinic_id, type, id, created_at)
    SELECT ${$.clinicId}, ${$.type}, given.value, ${$.now}
    FROM ${clinics} CROSS JOIN json_each(${$.ids}) AS given
    WHERE clinics.id = ${$.clinicId} AND clinics.state = 'open'
    ON CONFLICT DO NOTHING`),
  leaveAccess: statement(sql`
    INSERT INTO ${accesses} (clinic_id, at, request_id, token_id, action, resource, ids, status)
    SELECT ${$.clinicId}, ${$.now}, ${$.requestId}, ${$.tokenId}, 'register', 'ownables', ${$.ranges}, 204
    FROM ${clinics} WHERE id = ${$.clinicId} AND state = 'open'
    ON CONFLICT DO NOTHING`),
  state: statement<{ state: string }>(sql`
    SELECT state FROM ${clinics} WHERE id = ${$.clinicId}`),
}

/**
 * Registers ownables of one type and records it in the trail; registering them again changes nothing. Returns the
 * clinic's state: unless it is open, nothing happens.
 */
export async function registerOwnables(
  db: Session,
  type: string,
  ids: readonly number[],
  request: { clinicId: string; tokenId: string; requestId: string },
): Promise<string | undefined> {
  const ascending = [...new Set(ids)].sort((a, b) => a - b)
  const now = new Date().toISOString()
  const given = { type, ids: JSON.stringify(ascending), ranges: rangesOf(ascending) }
  const { state } = await batch(db, register, { ...request, now, ...given })
  return state[0]?.state
}
