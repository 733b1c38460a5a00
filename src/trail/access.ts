import type { Deed } from '../http/describe.ts'
import { sql } from 'drizzle-orm/sql/sql'
import { statements } from '../storage/statement.ts'
import { accesses } from '../storage/tables.ts'

/** One request that read personal data, was refused it, or did something else worth knowing. */
export type Access = Deed & {
  clinicId: string
  tokenId: string
  requestId: string
  /** ISO 8601. Together with the request's id it makes writing the same access twice write it once. */
  at: string
  /** The ids of the records that it is about, as ranges. */
  ids: string
  status: number
}

const { $, statement } = statements('trail/access', {
  clinicId: 'text',
  tokenId: 'text',
  requestId: 'text',
  at: 'text',
  action: 'text',
  resource: 'text',
  ids: 'text',
  status: 'integer',
})

/** The statement that appends an access. */
export const appendAccess = statement(
  sql`INSERT INTO ${accesses} (clinic_id, at, request_id, token_id, action, resource, ids, status)
    VALUES (${$.clinicId}, ${$.at}, ${$.requestId}, ${$.tokenId}, ${$.action}, ${$.resource}, ${$.ids}, ${$.status})
    ON CONFLICT DO NOTHING`,
)
