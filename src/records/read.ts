import { sql } from 'drizzle-orm/sql/sql'
import type { SsnOwner } from '../ssn/suite.ts'
import type { PageRequest } from '../fields/paging.ts'
import { jsonOf } from '../storage/json.ts'
import type { Session } from '../storage/session.ts'
import { first, statements } from '../storage/statement.ts'
import { changes } from '../storage/tables.ts'
import { ssnOwner } from './given.ts'
import { answeredBefore, etagColumn, type Given, type Resource } from './resource.ts'
import type { Answered } from './write.ts'

/** Reads single records. Another clinic's record looks the same as one that doesn't exist. */
export function reader(resource: Resource) {
  const { name, table, answered } = resource
  const ONE = { clinicId: 'text', id: 'integer' } as const
  const { $, statement } = statements(`read ${name}`, ONE)
  const history = statements(`history of ${name}`, { ...ONE, size: 'integer', skipped: 'integer' })
  const isRecord = sql`clinic_id = ${$.clinicId} AND id = ${$.id}`
  const isVersion = sql`clinic_id = ${$.clinicId} AND resource = ${resource.text} AND record_id = ${$.id} AND version > 0`

  const selectOne = statement<Answered>(sql`
    SELECT id, ${etagColumn()} AS etag, ${jsonOf(answered)} AS json FROM ${table} WHERE ${isRecord}`)

  const selectRow = statement<Given>(sql`SELECT * FROM ${table} WHERE ${isRecord}`)

  // A version's content is the next change's `before`; the latest version's is in the record itself.
  const content = sql`(
          SELECT ${jsonOf(answered)} FROM ${table} WHERE ${isRecord} AND version = change.version
          UNION ALL
          SELECT ${jsonOf(answered, answeredBefore(resource))} FROM ${changes}
          WHERE ${isVersion} AND version = change.version + 1 AND before IS NOT NULL)`
  const selectVersions = history.statement<{ total: number | null; json: string }>(sql`
    SELECT total, json_group_array(json_object('version', version, 'action', action, 'at', at, 'token_id', iif(token_id LIKE 'operator:%', 'operator', token_id),
        'request_id', request_id, 'changed', json(changed), ${sql.raw(`'${resource.one}'`)}, json(${content}))) AS json
    FROM (SELECT max(version) AS total FROM ${changes} WHERE ${isVersion}) LEFT JOIN (
      SELECT * FROM ${changes} WHERE ${isVersion}
      ORDER BY version DESC LIMIT ${history.$.size} OFFSET ${history.$.skipped}) AS change ON true`)

  return {
    find: (db: Session, clinicId: string, id: number): Promise<Answered | undefined> =>
      first(db, selectOne, { clinicId, id }),

    async findSsnOwner(db: Session, clinicId: string, id: number): Promise<SsnOwner | undefined> {
      const row = await first(db, selectRow, { clinicId, id })
      return row && ssnOwner(resource, row)
    },

    /** A record's versions, newest first, even if it is deleted; undefined if there never was such a record. */
    async history(db: Session, clinicId: string, id: number, { page, page_size }: PageRequest) {
      const asked = { clinicId, id, size: page_size, skipped: (page - 1) * page_size }
      const { total, json = '[]' } = (await first(db, selectVersions, asked)) ?? {}
      return total ? { json, ids: [id], totalCount: total } : undefined
    },
  }
}
