import { sha256 } from '../../../../src/storage/sha256.ts'
import { sealSsn } from '../../../../src/ssn/seal.ts'
import { json, positive, refusal, type Asked, type Row } from './answer.ts'
import { checked, type Given, type Kind } from './kinds.ts'
import { record } from './reads.ts'

// Each write is one batch: the journal first, if all is well; the rest only if the statement before it wrote.

const IS_OPEN = `EXISTS (SELECT 1 FROM clinics WHERE id = ?1 AND state = 'open')`
const USED = `idempotency_keys WHERE day IN (?2, ?3) AND clinic_id = ?1 AND key = ?4`
const IS_UNUSED = `NOT EXISTS (SELECT 1 FROM ${USED})`
const NEWEST = `SELECT seq, at FROM changes WHERE clinic_id = ?1 ORDER BY seq DESC LIMIT 1`
const NEXT_SEQ = `1 + max(coalesce(newest.seq, 0), (SELECT seq_floor FROM clinics WHERE id = ?1))`
const AT = `max(?5, coalesce(newest.at, ''))`

/** ?1 clinic, ?2 today, ?3 yesterday, ?4 key, ?5 now, ?6 token, ?7 request, ?8 fingerprint, then the caller's own. */
async function keyOf({ request, url, clinicId, tokenId, requestId }: Asked, masked: unknown) {
  const time = Date.now()
  const now = new Date(time).toISOString()
  const yesterday = new Date(time - 86_400_000).toISOString().slice(0, 10)
  const key = request.headers.get('Idempotency-Key') ?? requestId
  const said = [request.method, url.pathname, url.search, request.headers.get('If-Match'), masked]
  const fingerprint = await sha256(JSON.stringify(said))
  return [clinicId, now.slice(0, 10), yesterday, key, now, tokenId, requestId, fingerprint]
}

/** Keeps the key of what the statement before has written. */
const KEEP_KEY = `INSERT INTO idempotency_keys
  SELECT ?2, ?1, ?4, ?8, ?7, ?9, ?10, ?11, ?12 WHERE changes() > 0`
const FIND_KEY = `SELECT fingerprint FROM ${USED}`
const RECORD = (table: string, columns: string) =>
  `SELECT ${columns}, substr(uid, 1, 8) || '.' || version AS etag FROM ${table}`

export async function create(asked: Asked, kind: Kind, isBatch: boolean): Promise<Response> {
  const { session, clinicId, env } = asked
  const { table, columns, type, owner, stored } = kind
  const body = await asked.request.json<Record<string, Given[]> & Record<string, Given>>()
  const sent: Given[] = isBatch ? (body[table] ?? []) : [body[kind.one] ?? {}]
  const records = await Promise.all(sent.map((given) => sealed(kind, given, clinicId, env)))
  if (records.length === 0 || records.includes(null)) return refusal(422, 'is invalid')

  const masked = sent.map(({ ssn, ...given }) => [given, String(ssn ?? '').slice(-4)])
  const key = await keyOf(asked, masked)
  const rows = JSON.stringify(records)
  const fromJournal: Record<string, string> = {
    id: 'c.record_id',
    version: '1',
    created_at: 'c.at',
    updated_at: 'c.at',
  }
  const values = stored.map((name) => fromJournal[name] ?? `given.value ->> '${name}'`).join()
  const [, , , used, made] = await session.batch<Row>([
    session
      .prepare(
        `INSERT INTO changes
          SELECT ?1, ${NEXT_SEQ} + given.key, '${table}', top.id + 1 + given.key, 1, 'create', ${AT}, ?6, ?7, '[]', NULL
          FROM (SELECT max(coalesce((SELECT max(id) FROM ${table} WHERE clinic_id = ?1), 0), coalesce((
              SELECT max(id) FROM gaps WHERE clinic_id = ?1 AND resource = '${table}'), 0)) AS id) AS top
            LEFT JOIN (${NEWEST}) AS newest JOIN json_each(?8) AS given
          WHERE ${IS_OPEN} AND ${IS_UNUSED} AND NOT EXISTS (
            SELECT 1 FROM json_each(?8) AS one WHERE NOT EXISTS (SELECT 1 FROM ownables
              WHERE clinic_id = ?1 AND type = one.value ->> '${type}' AND id = one.value ->> '${owner}'))`,
      )
      .bind(...key.slice(0, 7), rows),
    session
      .prepare(
        `INSERT INTO ${table} (clinic_id, ${stored.join()})
          SELECT ?1, ${values} FROM json_each(?2) AS given CROSS JOIN changes AS c
            ON c.clinic_id = ?1 AND c.seq = given.key + 1 - ?3 + (SELECT max(seq) FROM changes WHERE clinic_id = ?1)
          WHERE changes() = ?3`,
      )
      .bind(clinicId, rows, records.length),
    session
      .prepare(
        KEEP_KEY.replace('?10', `(SELECT max(id) FROM ${table} WHERE clinic_id = ?1) + 1 - ?10`),
      )
      .bind(...key, 201, records.length, 1, records.length),
    session.prepare(FIND_KEY).bind(...key.slice(0, 4)),
    session
      .prepare(
        `${RECORD(table, columns)} WHERE clinic_id = ?1
          AND id BETWEEN (SELECT record_id FROM ${USED}) AND (SELECT record_id + records - 1 FROM ${USED})
          ORDER BY id`,
      )
      .bind(...key.slice(0, 4)),
  ])
  if (used?.results.length === 0) return refusal(422, 'must exist')
  const [first, ...others] = made?.results ?? []
  if (!first) return refusal(404, kind.missing)
  if (!isBatch) return record(first, 201, { Location: `${asked.url.pathname}/${String(first.id)}` })
  return json(
    JSON.stringify({ [table]: [first, ...others].map(({ etag: _, ...row }) => row) }),
    201,
  )
}

/** A new record as it is stored, or null if the body is wrong. */
async function sealed(
  kind: Kind,
  given: Given,
  clinicId: string,
  { SSN_PUBLIC_KEY }: Asked['env'],
) {
  const { table, type, owner } = kind
  const fields = checked(kind, given, true)
  const { [owner]: ownableId, [type]: ownableType = 'Patient' } = given
  if (!fields || !Number.isSafeInteger(ownableId)) return null

  const uid = crypto.randomUUID()
  const kept = { ...fields, uid, [type]: ownableType, [owner]: ownableId }
  if (!given.ssn) return kept
  const whose = {
    ...{ clinicId, table, uid },
    ownableType: String(ownableType),
    ownableId: Number(ownableId),
  }
  const ssn = await sealSsn(String(given.ssn).replaceAll('-', ''), whose, SSN_PUBLIC_KEY)
  return {
    ...kept,
    ssn_key_id: ssn.keyId,
    ssn_sealed: ssn.sealed,
    ssn_last_four: ssn.lastFour,
  }
}

const CONTENT = ({ stored }: Kind) =>
  `json_object(${stored.map((name) => `'${name}', ${name}`).join()})`

/** Amends fields other than the SSN. */
export async function amend(asked: Asked, kind: Kind, id: string): Promise<Response> {
  const { session, clinicId } = asked
  const { table, columns } = kind
  const { [kind.one]: given = {} } = await asked.request.json<Record<string, Given>>()
  const wanted = positive(id)
  const fields = checked(kind, given, false)
  if (wanted === null) return refusal(404, kind.missing)
  if (!fields) return refusal(422, 'is invalid')

  const key = await keyOf(asked, given)
  const names = Object.keys(fields)
  const [, , , , found] = await session.batch<Row>([
    session
      .prepare(
        `INSERT INTO changes
          SELECT ?1, ${NEXT_SEQ}, '${table}', id, version + 1, 'amend', ${AT}, ?6, ?7, changed, content
          FROM (SELECT *, (SELECT json_group_array(key) FROM json_each(?9)
              WHERE key NOT LIKE '%_folded' AND value IS NOT (content ->> key)) AS changed
            FROM (SELECT id, version, ${CONTENT(kind)} AS content FROM ${table} WHERE clinic_id = ?1 AND id = ?8))
            LEFT JOIN (${NEWEST}) AS newest
          WHERE changed <> '[]' AND ${IS_OPEN} AND ${IS_UNUSED}`,
      )
      .bind(...key.slice(0, 7), wanted, JSON.stringify(fields)),
    session
      .prepare(
        `UPDATE ${table} SET version = version + 1,
            updated_at = (SELECT at FROM (${NEWEST})),
            ${names.map((name, n) => `${name} = ?${n + 3}`).join()}
          WHERE clinic_id = ?1 AND id = ?2 AND changes() > 0`,
      )
      .bind(clinicId, wanted, ...names.map((name) => fields[name] ?? null)),
    session
      .prepare(
        KEEP_KEY.replace(
          '?11',
          `(SELECT version FROM ${table} WHERE clinic_id = ?1 AND id = ?10)`,
        ).replace('?12', '?11'),
      )
      .bind(...key, 200, wanted, 1),
    session.prepare(FIND_KEY).bind(...key.slice(0, 4)),
    session
      .prepare(`${RECORD(table, columns)} WHERE clinic_id = ? AND id = ?`)
      .bind(clinicId, wanted),
  ])
  const row = found?.results[0]
  return row ? record(row) : refusal(404, kind.missing)
}

export async function remove(asked: Asked, kind: Kind, id: string): Promise<Response> {
  const { session, clinicId } = asked
  const { table } = kind
  const wanted = positive(id)
  if (wanted === null) return refusal(404, kind.missing)

  const key = await keyOf(asked, null)
  const gaps = `gaps WHERE clinic_id = ?1 AND resource = '${table}'`
  const answers = await session.batch<Row>([
    session
      .prepare(
        `INSERT INTO changes
          SELECT ?1, ${NEXT_SEQ}, '${table}', id, version + 1, 'delete', ${AT}, ?6, ?7, '[]', content
          FROM (SELECT id, version, ${CONTENT(kind)} AS content FROM ${table} WHERE clinic_id = ?1 AND id = ?8)
            LEFT JOIN (${NEWEST}) AS newest
          WHERE ${IS_OPEN} AND ${IS_UNUSED}`,
      )
      .bind(...key.slice(0, 7), wanted),
    session
      .prepare(`DELETE FROM ${table} WHERE clinic_id = ? AND id = ? AND changes() > 0`)
      .bind(clinicId, wanted),
    session
      .prepare(
        `INSERT INTO gaps SELECT ?1, '${table}', ?2, ordinal, ?2 - ordinal FROM (
            SELECT 1 + coalesce((SELECT ordinal FROM ${gaps} AND id < ?2 ORDER BY id DESC LIMIT 1), 0) AS ordinal)
          WHERE changes() > 0`,
      )
      .bind(clinicId, wanted),
    session
      .prepare(
        KEEP_KEY.replace(
          '?11',
          `(SELECT max(version) FROM changes WHERE clinic_id = ?1 AND resource = '${table}' AND record_id = ?10)`,
        ).replace('?12', '?11'),
      )
      .bind(...key, 204, wanted, 1),
    session
      .prepare(
        `UPDATE gaps SET ordinal = ordinal + 1, listed_before = listed_before - 1
          WHERE clinic_id = ?1 AND resource = '${table}' AND id > ?2 AND changes() > 0`,
      )
      .bind(clinicId, wanted),
    session.prepare(FIND_KEY).bind(...key.slice(0, 4)),
  ])
  if (answers.at(-1)?.results.length === 0) return refusal(404, kind.missing)
  return json(null, 204, {}, {})
}
