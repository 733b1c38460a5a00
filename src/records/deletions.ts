import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { statements } from '../storage/statement.ts'
import { deletions } from '../storage/tables.ts'
import { KEY } from './idempotency.ts'
import type { Resource } from './resource.ts'
import { used } from './write.ts'

// Deleted ids are counted in a Fenwick tree (see the migration), so a page is found by descending from its top, and a
// deletion costs the same however many came before.

const { $ } = statements('deletions', KEY)

/** The node that counts all deletions of a resource. */
export const TOP = sql.raw(String(2 ** 24))

/**
 * Counts the key's record as deleted, just before it's deleted; or, with -1, as restored, just after. The join on the
 * record keeps a retried deletion from counting twice: its key row is already there, but the record is gone.
 */
export const countDeletion = ({ name, table, text }: Resource, by: 1 | -1) =>
  statements(`count deletions of ${name}`, KEY).statement(sql`
    INSERT INTO ${deletions} (clinic_id, resource, node, n)
    WITH RECURSIVE path (node) AS (
      SELECT id FROM ${used.row} CROSS JOIN ${table} AS target ON target.clinic_id = ${$.clinicId} AND id = record_id
        AND target.version = used.version - ${sql.raw(String(Math.max(by, 0)))} WHERE ${used.isOurs}
      UNION ALL SELECT node + (node & -node) FROM path WHERE node < ${TOP})
    SELECT ${$.clinicId}, ${text}, node, ${sql.raw(String(Math.max(by, 0)))} FROM path WHERE true
    ON CONFLICT DO UPDATE SET n = n + ${sql.raw(String(by))}`)

/** How many ids of the resource are deleted. */
export const deletedCount = ({ text }: Resource): SQL => sql`coalesce((
      SELECT n FROM ${deletions} WHERE clinic_id = ${$.clinicId} AND resource = ${text} AND node = ${TOP}), 0)`

/**
 * The id of the record at `rank`, from 1, or of a deleted one right before it. It's a binary search: each step moves to
 * the upper half if the lower half has too few records.
 */
export const idAtRank = (
  resource: Resource,
  rank: SQL,
) => sql`iif(${deletedCount(resource)} = 0, ${rank}, (
      WITH RECURSIVE seek (step, at, rank) AS (
        SELECT ${TOP} / 2, 0, ${rank}
        UNION ALL
        SELECT step / 2, iif(step - coalesce(n, 0) < rank, at + step, at),
          iif(step - coalesce(n, 0) < rank, rank - step + coalesce(n, 0), rank)
        FROM seek LEFT JOIN ${deletions}
          ON clinic_id = ${$.clinicId} AND resource = ${resource.text} AND node = at + step
        WHERE step > 0)
      SELECT at + 1 FROM seek WHERE step = 0))`
