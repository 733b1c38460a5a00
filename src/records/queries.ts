import { sql } from 'drizzle-orm/sql/sql'
import { columnsOf, jsonOf } from '../storage/json.ts'
import { listByOffset, type Page, type PageRequest } from '../storage/pages.ts'
import { prepared } from '../storage/prepared.ts'
import type { Session } from '../storage/session.ts'
import { changes } from '../storage/tables.ts'
import { PATIENT } from '../fields/ownable-type.ts'
import type { SsnOwner } from '../ssn/suite.ts'
import { etagOf, type Answered } from './journal.ts'
import { answeredBefore, answeredBy, nameOf, soughtBy, type Given, type Kind } from './kind.ts'
import { listAll } from './numbering.ts'
import { ssnOwner } from './sealed.ts'

/** The reads of one kind of record; each names the clinic whose records it is about. */
export function recordQueries(kind: Kind) {
  const { table, owner } = kind
  const answered = answeredBy(kind)
  const before = answeredBefore(kind)
  const isPatient = sql.raw(`${owner.type} = '${PATIENT}' AND ${owner.id} = :patientId`)
  const isRecord = sql`clinic_id = :clinicId AND id = :id`
  const isOfRecord = sql`clinic_id = :clinicId AND resource = ${nameOf(kind)} AND record_id = :id`

  const findOne = prepared(
    sql`SELECT id, etag, ${jsonOf(answered)} AS json FROM (
      SELECT ${columnsOf(answered)}, ${etagOf('uid', 'version')} AS etag FROM ${table} WHERE ${isRecord})`,
  )
  const findRow = prepared(sql`SELECT * FROM ${table} WHERE ${isRecord}`)

  // What a version says stands in the change after it, and of the last version in the record.
  const content = sql`
    SELECT ${jsonOf(answered)} FROM (
      SELECT ${columnsOf(answered)} FROM ${table} WHERE ${isRecord} AND version = change.version
      UNION ALL
      SELECT ${columnsOf(before)} FROM ${changes}
      WHERE ${isOfRecord} AND version = change.version + 1 AND before IS NOT NULL)`
  const listVersions = prepared(
    sql`SELECT total, json_group_array(json_object('version', version, 'action', action, 'at', at,
        'token_id', token_id, 'request_id', request_id, 'changed', json(changed),
        ${sql.raw(`'${kind.one}'`)}, json((${content})))) AS json
      FROM (SELECT max(version) AS total FROM ${changes} WHERE ${isOfRecord}) LEFT JOIN (
        SELECT * FROM ${changes} WHERE ${isOfRecord}
        ORDER BY version DESC LIMIT :size OFFSET :skipped) AS change ON true`,
  )

  return {
    list: listAll(kind),
    listOfPatient: listByOffset(
      answered,
      soughtBy(kind, 'owner'),
      sql`id`,
      sql`clinic_id = :clinicId AND ${isPatient}`,
    ),

    /** Finds one record; another clinic's is as absent as one that never was. */
    async find(db: Session, clinicId: string, id: number): Promise<Answered | undefined> {
      const [found] = await db.batch<Answered>([findOne(db, { clinicId, id })])
      return found?.results[0]
    },

    /** Finds what an SSN of the record is sealed for. */
    async findSsnOwner(db: Session, clinicId: string, id: number): Promise<SsnOwner | undefined> {
      const [found] = await db.batch<Given>([findRow(db, { clinicId, id })])
      const [row] = found?.results ?? []
      return row && ssnOwner(kind, row)
    },

    /** A record's versions, newest first, also of a deleted one; undefined if there never was such a record. */
    async history(
      db: Session,
      clinicId: string,
      id: number,
      { page, pageSize }: PageRequest,
    ): Promise<Page | undefined> {
      const cut = { size: pageSize, skipped: (page - 1) * pageSize }
      const [found] = await db.batch<{ total: number | null; json: string }>([
        listVersions(db, { clinicId, id, ...cut }),
      ])
      const { total, json = '[]' } = found?.results[0] ?? {}
      return total ? { page, pageSize, json, ids: [id], totalCount: total } : undefined
    },
  }
}
