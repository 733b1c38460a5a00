import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { whyClosed } from '../clinics/queries.ts'
import { invalid, refusal } from '../http/errors.ts'
import { IDEMPOTENCY_KEY } from '../http/headers.ts'
import { storageFaultOf, StorageUnavailable } from '../storage/faults.ts'
import { jsonOf } from '../storage/json.ts'
import type { Session } from '../storage/session.ts'
import { batch, statements, type Batch, type RowsOf, type Statement } from '../storage/statement.ts'
import { changes, clinics, idempotencyKeys } from '../storage/tables.ts'
import { KEY, TARGETED, type IdempotencyKey } from './idempotency.ts'
import { answeredBefore, etagColumn, type Resource } from './resource.ts'

// How a write works. It is one batch, which D1 runs as one transaction:
//
// 1. The key row is inserted, if the clinic is open and the target is as expected. It says which record gets which
//    version. If the key has been used before, the insert fails, and the batch with it.
// 2. The journal and the record are written from that row alone, and only if it is this request's.
// 3. The answer is read.
//
// The schema refuses what isn't allowed: a used key, an owner who doesn't exist, a broken rule. If the key row wasn't
// written or the batch was refused, another batch finds out why.

const KEY_USED = 'has already been used for another request'

const { $ } = statements('write', TARGETED)

/** Whether the record has one of the ETags. */
export const fits = sql`(${$.etags} IS NULL OR ${etagColumn()} IN (SELECT value FROM json_each(${$.etags})))`

/** The row of this request's key. Use both: `FROM ${used.row} … WHERE ${used.isOurs}`. A subquery compiles more slowly. */
export const used = {
  row: sql`${idempotencyKeys} AS used`,
  isOurs: sql`used.clinic_id = ${$.clinicId} AND used.key = ${$.key} AND used.request_id = ${$.requestId}`,
}

/** The time of the write: now, but never before the clinic's last change. */
export const nowOrLater = sql`max(${$.now}, coalesce((SELECT at FROM ${changes}
    WHERE clinic_id = ${$.clinicId} ORDER BY seq DESC LIMIT 1), ''))`

export const nextSeq = sql`1 + coalesce((SELECT max(seq) FROM ${changes} WHERE clinic_id = ${$.clinicId}), 0)`

/** The greatest id that the clinic has ever given out, 0 if none. */
export const highestId = ({ text }: Resource): SQL => sql`coalesce((
    SELECT max(record_id) FROM ${changes} WHERE clinic_id = ${$.clinicId} AND resource = ${text}), 0)`

/** A record as it is answered, in JSON, with its id and its ETag without the quotes. */
export type Answered = { id: number; etag: string; json: string }

export const selectWritten = ({ name, table, answered }: Resource) =>
  statements(`${name} just written`, KEY).statement<Answered>(sql`
    SELECT id, ${etagColumn()} AS etag, ${jsonOf(answered)} AS json FROM ${table}
    WHERE clinic_id = ${$.clinicId}
      AND id BETWEEN (SELECT record_id FROM ${used.row} WHERE ${used.isOurs})
        AND (SELECT record_id + records - 1 FROM ${used.row} WHERE ${used.isOurs})
    ORDER BY id`)

type KeyUse = {
  state: string
  request_id: string | null
  fingerprint: string | null
  status: number
  is_journaled: number
}

/** Finds out why a write was refused: the clinic's state, and what the key was first used for. */
export const whyRefused = (resource: Resource) => ({
  keyUse: statements(`why ${resource.name} were not written`, KEY).statement<KeyUse>(sql`
    SELECT state, used.request_id, fingerprint, status, EXISTS (
        SELECT * FROM ${changes} WHERE clinic_id = ${$.clinicId} AND resource = ${resource.text}
          AND record_id = used.record_id AND version = used.version AND request_id = used.request_id) AS is_journaled
    FROM ${clinics} LEFT JOIN ${idempotencyKeys} AS used ON used.clinic_id = clinics.id AND used.key = ${$.key}
    WHERE clinics.id = ${$.clinicId}`),
  records: selectUnderKey(resource),
})

/** The records as the key wrote them. If one has changed since, the next change in the journal has its content. */
function selectUnderKey(resource: Resource) {
  const { name, table, text, answered } = resource
  const first = sql`(
      SELECT record_id AS first_id, record_id + records - 1 AS last_id, version AS made FROM ${idempotencyKeys}
      WHERE clinic_id = ${$.clinicId} AND key = ${$.key} AND fingerprint = ${$.fingerprint}) AS used`
  return statements(`${name} of a key`, KEY).statement<Answered>(sql`
    SELECT id, ${etagColumn()} AS etag, ${jsonOf(answered)} AS json
    FROM ${first} CROSS JOIN ${table}
      ON clinic_id = ${$.clinicId} AND id BETWEEN first_id AND last_id AND version = made
    UNION ALL
    SELECT record_id, ${etagColumn("(before ->> 'uid')", "(before ->> 'version')")}, ${jsonOf(answered, answeredBefore(resource))}
    FROM ${first} CROSS JOIN ${changes}
      ON clinic_id = ${$.clinicId} AND resource = ${text} AND version = made + 1
        AND record_id BETWEEN first_id AND last_id AND before IS NOT NULL
    ORDER BY id`)
}

/** What was written, now or earlier with the same key. `status` is the one stored with the key. */
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
 * Runs a write's batch, once per key. If nothing was written, it asks why; `refuse` throws any reason other than the
 * key or the clinic. If there is no reason, a race has just ended, so the write is tried once more. Throws
 * StorageUnavailable if that finds no reason either.
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
    // A replica may not have the winner's write yet.
    db.goToPrimary()
    const found = await batch(db, why, values)
    const [use] = found.keyUse
    if (use?.request_id) return writtenBefore(use, found.records, values)
    if (use?.state !== 'open') throw refusal(whyClosed(use?.state))
    refuse(found)
  }
  throw new StorageUnavailable('unexplained')
}

/** What the key wrote before. Throws ApiError if that was another request. */
function writtenBefore(use: KeyUse, records: Answered[], key: IdempotencyKey): Written {
  if (use.fingerprint !== key.fingerprint) throw invalid({ [IDEMPOTENCY_KEY]: [KEY_USED] })
  const isReplayed = use.request_id !== key.requestId
  const isJournaled = !isReplayed && use.is_journaled === 1
  return { status: use.status, records, isReplayed, isJournaled }
}

/** Runs a write's batch. Returns its rows by name; undefined if the key row wasn't written or the batch was refused. */
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
