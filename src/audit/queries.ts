import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { prepared } from '../db/prepared.ts'
import type { Session } from '../db/session.ts'
import { accesses } from '../db/tables.ts'

/** What a request does, such as `list` `dependents`. Writes of records are in the journal instead. */
export type Deed = { action: string; resource: string }

/** One request that read personal data, was refused it, or did something else worth knowing. */
export type Access = Deed & {
  clinicId: string
  tokenId: string
  requestId: string
  /** ISO 8601. Together with the request's id it makes writing the same access twice write it once. */
  at: string
  /** Of the records that it is about, as ranges. */
  ids: string
  status: number
}

/** The statement that appends an access if the condition, of SQL, holds. */
export const appendAccessIf = (
  condition: SQL,
): ((db: Session, access: Access) => D1PreparedStatement) =>
  prepared(
    sql`INSERT INTO ${accesses} (clinic_id, at, request_id, token_id, action, resource, ids, status)
      SELECT :clinicId, :at, :requestId, :tokenId, :action, :resource, :ids, :status WHERE ${condition}
      ON CONFLICT DO NOTHING`,
  )

/** The statement that appends an access. */
export const appendAccess = appendAccessIf(sql`true`)
