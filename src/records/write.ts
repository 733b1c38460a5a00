import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { whyClosed } from '../clinics/queries.ts'
import { invalid, refusal } from '../http/errors.ts'
import { IDEMPOTENCY_KEY } from '../http/headers.ts'
import { storageFaultOf, StorageUnavailable } from '../storage/faults.ts'
import { columnsOf, jsonOf } from '../storage/json.ts'
import type { Session } from '../storage/session.ts'
import {
  batch,
  statements,
  type Batch,
  type RowsOf,
  type Statement,
  type ValuesOf,
} from '../storage/statement.ts'
import { changes, clinics, idempotencyKeys } from '../storage/tables.ts'
import { KEY, type IdempotencyKey } from './idempotency.ts'
import { answeredBefore, etagColumn, type Resource } from './resource.ts'

// How a write works. It is one batch, which D1 runs as one transaction:
//
// 1. the key row is inserted, if the clinic is open and the target is as it should be. It says which record gets which
//    version. A key that was used before makes this fail, and the batch with it.
// 2. the journal and the record follow from that row of this very request, and from nothing else.
// 3. what is answered is read.
//
// The schema refuses what must not be: a used key, an owner who does not exist, a broken rule. If the key row was not
// written or the batch was refused, one more batch asks why.

const KEY_USED = 'has already been used for another request'

/** A write of the record `id`, if it has one of the `etags`, a JSON array; at any if that is null. */
export const TARGETED = { ...KEY, id: 'integer', etags: 'text?' } as const
export type Target = Pick<ValuesOf<typeof TARGETED>, 'id' | 'etags'>

const { $ } = statements('write', TARGETED)

/** Whether the record has one of the ETags. */
export const fits = sql`(${$.etags} IS NULL OR ${etagColumn()} IN (SELECT value FROM json_each(${$.etags})))`

/** The row of this request's key. */
export const used = sql`(SELECT * FROM ${idempotencyKeys}
    WHERE clinic_id = ${$.clinicId} AND key = ${$.key} AND request_id = ${$.requestId}) AS used`

/** When the write happens: never before the clinic's last change. */
export const nowOrLater = sql`max(${$.now}, coalesce((SELECT at FROM ${changes}
    WHERE clinic_id = ${$.clinicId} ORDER BY seq DESC LIMIT 1), ''))`

/** The number of the clinic's next change. */
export const nextSeq = sql`1 + coalesce((SELECT max(seq) FROM ${changes} WHERE clinic_id = ${$.clinicId}), 0)`

/** The greatest id that the clinic has ever given out, 0 if none. */
export const highestId = ({ text }: Resource): SQL => sql`coalesce((
    SELECT max(record_id) FROM ${changes} WHERE clinic_id = ${$.clinicId} AND resource = ${text}), 0)`

/** A record as it is answered, in JSON, with its id and its ETag without the quotes. */
export type Answered = { id: number; etag: string; json: string }

/** The records that this request has just written. */
export const selectWritten = (resource: Resource) => {
  const { statement } = statements(`${resource.name} just written`, KEY)
  return statement<Answered>(sql`
    SELECT id, etag, ${jsonOf(resource.answered)} AS json FROM (
      SELECT ${columnsOf(resource.answered)}, ${etagColumn()} AS etag FROM ${resource.table}
      WHERE clinic_id = ${$.clinicId}
        AND id BETWEEN (SELECT record_id FROM ${used}) AND (SELECT record_id + records - 1 FROM ${used})
      ORDER BY id)`)
}

type Told = {
  state: string
  request_id: string | null
  fingerprint: string | null
  status: number
  is_journaled: number
}

/** What is asked when a write was refused: the clinic's state, and what the key was first used for. */
export const whyRefused = (resource: Resource) => ({
  told: statements(`why ${resource.name} were not written`, KEY).statement<Told>(sql`
    SELECT state, used.request_id, fingerprint, status, EXISTS (
        SELECT * FROM ${changes} WHERE clinic_id = ${$.clinicId} AND resource = ${resource.text}
          AND record_id = used.record_id AND version = used.version AND request_id = used.request_id) AS is_journaled
    FROM ${clinics} LEFT JOIN ${idempotencyKeys} AS used ON used.clinic_id = clinics.id AND used.key = ${$.key}
    WHERE clinics.id = ${$.clinicId}`),
  records: selectUnderKey(resource),
})

/**
 * The records of the key, as they were when it was used: what changed since then stands in the journal, in the
 * change after.
 */
function selectUnderKey(resource: Resource) {
  const first = sql`(
      SELECT record_id AS first_id, record_id + records - 1 AS last_id, version AS made FROM ${idempotencyKeys}
      WHERE clinic_id = ${$.clinicId} AND key = ${$.key} AND fingerprint = ${$.fingerprint}) AS used`
  const { statement } = statements(`${resource.name} of a key`, KEY)
  return statement<Answered>(sql`
    SELECT id, etag, ${jsonOf(resource.answered)} AS json FROM (
      SELECT ${columnsOf(resource.answered)}, ${etagColumn()} AS etag FROM ${first} CROSS JOIN ${resource.table}
        ON clinic_id = ${$.clinicId} AND id BETWEEN first_id AND last_id AND version = made
      UNION ALL
      SELECT ${columnsOf(answeredBefore(resource))}, ${etagColumn("(before ->> 'uid')", "(before ->> 'version')")}
      FROM ${first} CROSS JOIN ${changes}
        ON clinic_id = ${$.clinicId} AND resource = ${resource.text} AND version = made + 1
          AND record_id BETWEEN first_id AND last_id AND before IS NOT NULL)
    ORDER BY id`)
}

/** What was written, now or under the same key before. `status` is the one that the key keeps. */
export type Written = {
  status: number
  records: Answered[]
  isReplayed: boolean
  /** This request has left its change in the journal. */
  isJournaled: boolean
}

/** The statements of a write, and those that say why it was refused. */
type Write<Values> = {
  keepKey: Statement<Values, { status: number }>
  journal: Statement<Values>
  records?: Statement<Values, Answered>
  [others: string]: Statement<Values>
}
type Why<Values> = Batch<Values> & ReturnType<typeof whyRefused>

/**
 * Runs the batch of a write once under a key; if nothing was written, asks why, and `refuse` throws the reason, if it
 * is not the key or the clinic. A race that is over when it is asked explains nothing, so the write is tried once more.
 * Throws StorageUnavailable if nothing explains it again.
 */
export async function write<Values extends IdempotencyKey, Asked extends Why<Values>>(
  db: Session,
  all: Write<Values>,
  values: Values,
  why: Asked,
  refuse: (found: RowsOf<Asked>) => void,
): Promise<Written> {
  for (let tries = 0; tries < 2; tries++) {
    const made = await commit(db, all, values)
    if (made) {
      const status = made.keepKey[0]?.status ?? 200
      const isJournaled = status !== 200 || made.journal.length > 0
      return { status, records: made.records ?? [], isReplayed: false, isJournaled }
    }
    // A replica may not know yet who was faster.
    db.goToPrimary()
    const found = await batch(db, why, values)
    const [told] = found.told
    if (told?.request_id) return writtenBefore(told, found.records, values)
    if (told?.state !== 'open') throw refusal(whyClosed(told?.state))
    refuse(found)
  }
  throw new StorageUnavailable('unexplained')
}

/** What the key was first used for. Throws the refusal of another request. */
function writtenBefore(told: Told, records: Answered[], key: IdempotencyKey): Written {
  if (told.fingerprint !== key.fingerprint) throw invalid({ [IDEMPOTENCY_KEY]: [KEY_USED] })
  const isReplayed = told.request_id !== key.requestId
  const isJournaled = !isReplayed && told.is_journaled === 1
  return { status: told.status, records, isReplayed, isJournaled }
}

/** Runs the batch of a write, and gives its rows by name; undefined if its key row was not written, or it was refused. */
export async function commit<Values, All extends Batch<Values> & { keepKey: Statement<Values> }>(
  db: Session,
  all: All,
  values: Values,
) {
  try {
    const made = await batch(db, all, values)
    return made.keepKey.length > 0 ? made : undefined
  } catch (error) {
    if (storageFaultOf(error) === 'SQLITE_CONSTRAINT') return undefined
    throw error
  }
}
