import { sql } from 'drizzle-orm/sql/sql'
import { statements } from '../storage/statement.ts'
import { changes, deletions } from '../storage/tables.ts'
import { TOP } from './deletions.ts'

// An operator may limit how many records a clinic has. They are counted by a few rows, however many there are: the ids
// that were given out for each resource of its journal, less the deleted ones.

const { $ } = statements('quota', { clinicId: 'text', count: 'integer' })

const recordCount = sql`(
    WITH RECURSIVE known (resource) AS (
      SELECT (SELECT min(resource) FROM ${changes} WHERE clinic_id = ${$.clinicId})
      UNION ALL
      SELECT (SELECT min(resource) FROM ${changes} WHERE clinic_id = ${$.clinicId} AND resource > known.resource)
      FROM known WHERE known.resource IS NOT NULL)
    SELECT coalesce(sum(
      (SELECT max(record_id) FROM ${changes} WHERE clinic_id = ${$.clinicId} AND resource = known.resource)
      - coalesce((SELECT n FROM ${deletions}
          WHERE clinic_id = ${$.clinicId} AND resource = known.resource AND node = ${TOP}), 0)), 0)
    FROM known WHERE known.resource IS NOT NULL)`

/** Whether the clinic, a row of `clinics`, may have as many records more as the statement's `count`. */
export const isWithinLimit = sql`(record_limit IS NULL OR ${recordCount} + ${$.count} <= record_limit)`
