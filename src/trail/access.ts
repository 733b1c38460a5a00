import { sql } from 'drizzle-orm/sql/sql'
import { statements } from '../storage/statement.ts'
import { accesses } from '../storage/tables.ts'

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

/**
 * Appends an access: a request that read personal data, was refused, or is recorded for another reason. `at`, in ISO
 * 8601, and the request's id keep it from being written twice. `ids` are its records' ids, as ranges.
 */
export const appendAccess = statement(sql`
  INSERT INTO ${accesses} (clinic_id, at, request_id, token_id, action, resource, ids, status)
    VALUES (${$.clinicId}, ${$.at}, ${$.requestId}, ${$.tokenId}, ${$.action}, ${$.resource}, ${$.ids}, ${$.status})
    ON CONFLICT DO NOTHING`)
