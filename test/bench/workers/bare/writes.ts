import { sha256 } from '../../../../src/storage/sha256.ts'
import { sealSsn } from '../../../../src/ssn/seal.ts'
import { json, leaveTrail, positive, rangesOf, refusal, type Asked, type Row } from './answer.ts'
import { checked, type Given, type Kind } from './kinds.ts'
import { record } from './reads.ts'

// Each write is one batch, in which all follows from the row of its key. ?1 is the clinic, ?2 the key, ?3 the request.

const USED = 'idempotency_keys AS used'
const IS_USED = 'used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3'
const AT = `max(?4, coalesce((SELECT at FROM changes WHERE clinic_id = ?1 ORDER BY seq DESC LIMIT 1), ''))`
const NEXT_SEQ = `1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0)`

/** Keeps the key: ?4 is now, ?5 the fingerprint, ?6 the target's id or the number of records. */
const KEEP_KEY = (status: number, rest: string) => `
  INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records) SELECT ?1, ?2, ${AT}, ?5, ?3, ${status}, ${rest}`
const OPEN = `FROM clinics WHERE clinics.id = ?1 AND state = 'open' RETURNING version`
const TARGET = ({ table, content }: Kind) =>
  `(SELECT id, version, ${content} AS content FROM ${table} WHERE clinic_id = ?1 AND id = ?6) AS target`

const NEXT_ID = (table: string) =>
  `1 + coalesce((SELECT max(record_id) FROM changes WHERE clinic_id = ?1 AND resource = '${table}'), 0)`

/** Besides the owner, the columns that are equal if a person is there already. */
const SAME = [
  ...['date_of_birth', 'last_name_folded', 'first_name_folded'],
  ...['last_name_identity', 'first_name_identity'],
]

/** Keeps the key for the person who is there already, if so: ?7 are the records. */
const KEEP_KEY_OF_SAME = ({ table, type, owner }: Kind) => `
  INSERT INTO idempotency_keys
  SELECT clinics.id, ?2, ${AT}, ?5, ?3, iif(same.id IS NULL, 201, 200), coalesce(same.id, ${NEXT_ID(table)}),
    coalesce(same.version, 1), iif(same.id IS NULL, CAST(?6 AS INTEGER), 1)
  FROM clinics LEFT JOIN ${table} AS same ON same.clinic_id = ?1 AND same.id = (
    SELECT min(other.id) FROM json_each(?7) AS given
      CROSS JOIN ${table} AS other INDEXED BY ${table}_by_date_of_birth
    WHERE other.clinic_id = ?1
      AND ${SAME.map((name) => `${name} = given.value ->> '${name}'`).join(' AND ')}
      AND (ssn_last_four <> given.value ->> 'ssn_last_four') IS NOT TRUE
      AND ${type} = coalesce(given.value ->> 'ownable_type', 'Patient') AND ${owner} = given.value ->> '${owner}')
  WHERE clinics.id = ?1 AND state = 'open' RETURNING version`

async function keyOf({ request, url, clinicId, requestId }: Asked, masked: unknown) {
  const key = request.headers.get('Idempotency-Key') ?? requestId
  const said = [request.method, url.pathname, url.search, request.headers.get('If-Match'), masked]
  const fingerprint = await sha256(JSON.stringify(said))
  return [clinicId, key, requestId, new Date().toISOString(), fingerprint]
}

/** Runs a batch of texts and their values; null if the schema refused it. */
async function write({ session }: Asked, ...all: (readonly [sql: string, ...values: unknown[]])[]) {
  try {
    return await session.batch<Row>(
      all.map(([sql, ...values]) => session.prepare(sql).bind(...values)),
    )
  } catch {
    return null
  }
}

const WRITTEN = ({ table, json }: Kind) => `
  SELECT id, substr(uid, 1, 8) || '.' || made.version AS etag, ${json} AS json FROM ${USED} CROSS JOIN ${table} AS made
    ON made.clinic_id = ?1 AND id BETWEEN record_id AND record_id + records - 1 WHERE ${IS_USED} ORDER BY id`

export async function create(asked: Asked, kind: Kind, isBatch: boolean): Promise<Response> {
  const { table, stored } = kind
  const body = await asked.request.json<Record<string, Given[]> & Record<string, Given>>()
  const sent: Given[] = isBatch ? (body[table] ?? []) : [body[kind.one] ?? {}]
  const records = await Promise.all(sent.map((given) => sealed(kind, given, asked)))
  if (records.length === 0 || records.includes(null)) return refusal(422, 'is invalid')

  const masked = sent.map(({ ssn, ...given }) => [given, String(ssn ?? '').slice(-4)])
  const key = await keyOf(asked, masked)
  const own = key.slice(0, 3)
  const rows = JSON.stringify(records)
  // Of one record, its JSON needs no table.
  const [from, nth, value, values] = isBatch
    ? [`${USED} CROSS JOIN json_each(?4) AS given`, ' + given.key', 'given.value', rows]
    : [USED, '', '?4', JSON.stringify(records[0])]
  const ofKey: Record<string, string> = {
    id: `record_id${nth}`,
    version: 'version',
    created_at: 'at',
    updated_at: 'at',
  }
  const columns = stored.map((name) => ofKey[name] ?? `${value} ->> '${name}'`).join()
  const written = await write(
    asked,
    asked.url.searchParams.get('if_exists') === 'return'
      ? [KEEP_KEY_OF_SAME(kind), ...key, records.length, rows]
      : [
          KEEP_KEY(201, `${NEXT_ID(table)}, 1, CAST(?6 AS INTEGER) ${OPEN}`),
          ...[...key, records.length],
        ],
    [
      `INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
        SELECT ?1, ${NEXT_SEQ}${nth}, '${table}', record_id${nth}, 1, 'create', at, ?5, ?3, '[]'
        FROM ${from} WHERE ${IS_USED} AND status = 201`,
      ...[...own, values, asked.tokenId],
    ],
    [
      `INSERT INTO ${table} (clinic_id, ${stored.join()}) SELECT ?1, ${columns} FROM ${from} WHERE ${IS_USED} AND status = 201`,
      ...[...own, values],
    ],
    [WRITTEN(kind), ...own],
  )
  const made = written?.at(-1)?.results ?? []
  const [first] = made
  if (!first) return refusal(422, 'must exist')
  if (isBatch) return json(`{"${table}":[${made.map((row) => row.json).join()}]}`, 201)
  const status = written?.[1]?.meta.changes === 0 ? 200 : 201
  if (status === 200) leaveTrail(asked, 'create', table, `[${String(first.id)}]`)
  return record(first, status, { Location: `${asked.url.pathname}/${String(first.id)}` })
}

/** A new record as it is stored, or null if the body is wrong. */
async function sealed(kind: Kind, given: Given, { clinicId, env }: Asked) {
  const fields = checked(kind, given, true)
  if (!fields) return null
  const uid = crypto.randomUUID()
  const kept: Given = { ...kind.otherwise, ...fields, uid }
  if (!given.ssn) return kept
  const whose = {
    ...{ clinicId, table: kind.table, uid },
    ownableType: String(kept[kind.type] ?? 'Patient'),
    ownableId: Number(kept[kind.owner]),
  }
  const ssn = await sealSsn(String(given.ssn).replaceAll('-', ''), whose, env.SSN_PUBLIC_KEY)
  return {
    ...kept,
    ssn_key_id: ssn.keyId,
    ssn_sealed: ssn.sealed,
    ssn_last_four: ssn.lastFour,
  }
}

/** Amends fields other than the SSN. */
export async function amend(asked: Asked, kind: Kind, id: string): Promise<Response> {
  const { table } = kind
  const { [kind.one]: given = {} } = await asked.request.json<Record<string, Given>>()
  const wanted = positive(id)
  const fields = checked(kind, given, false)
  if (wanted === null) return refusal(404, kind.missing)
  if (!fields) return refusal(422, 'is invalid')

  const key = await keyOf(asked, given)
  const own = key.slice(0, 3)
  const said = JSON.stringify(fields)
  const names = Object.keys(fields).filter((name) => kind.fields.includes(name))
  const differs = names.map((name) => `${name} IS NOT ?7 ->> '${name}'`).join(' OR ')
  const set = Object.keys(fields).map((name) => `${name} = ?5 ->> '${name}'`)
  const written = await write(
    asked,
    [
      KEEP_KEY(
        200,
        `target.id, target.version + (${differs}), 1 FROM clinics CROSS JOIN ${table} AS target
          WHERE clinics.id = ?1 AND state = 'open' AND target.clinic_id = ?1 AND target.id = ?6 RETURNING version`,
      ),
      ...[...key, wanted, said],
    ],
    [
      `INSERT INTO changes
        SELECT ?1, ${NEXT_SEQ}, '${table}', target.id, used.version, 'amend', used.at, ?4, ?3,
          (SELECT json_group_array(key) FROM json_each(?5)
            WHERE value IS NOT (content ->> key) AND key IN ('${names.join("', '")}')), content
        FROM ${USED} CROSS JOIN ${TARGET(kind)} WHERE ${IS_USED} AND target.version = used.version - 1`,
      ...[...own, asked.tokenId, said, wanted],
    ],
    [
      `UPDATE ${table} SET version = used.version, updated_at = used.at, ${set.join()} FROM ${USED}
        WHERE ${IS_USED} AND ${table}.clinic_id = ?1 AND ${table}.id = ?4 AND ${table}.version = used.version - 1`,
      ...[...own, wanted, said],
    ],
    [WRITTEN(kind), ...own],
  )
  const row = written?.at(-1)?.results[0]
  return row ? record(row) : refusal(404, kind.missing)
}

/** Removes the words by which search finds a person, before the person is deleted. */
const REMOVE_WORDS = ({ table }: Kind) => `
  DELETE FROM name_words WHERE (clinic_id, resource, date_of_birth, word, record_id) IN (
    SELECT ?1, '${table}', date_of_birth, word.value, gone.id
    FROM ${USED} CROSS JOIN ${table} AS gone ON gone.clinic_id = ?1 AND gone.id = record_id
      CROSS JOIN json_each(last_name_words) AS word WHERE ${IS_USED})`

export async function remove(asked: Asked, kind: Kind, id: string): Promise<Response> {
  const { table } = kind
  const wanted = positive(id)
  if (wanted === null) return refusal(404, kind.missing)

  const key = await keyOf(asked, null)
  const own = key.slice(0, 3)
  const written = await write(
    asked,
    [
      KEEP_KEY(
        204,
        `target.id, target.version + 1, 1 FROM clinics CROSS JOIN ${table} AS target
          WHERE clinics.id = ?1 AND state = 'open' AND target.clinic_id = ?1 AND target.id = ?6 RETURNING version`,
      ),
      ...[...key, wanted],
    ],
    [
      `INSERT INTO changes
        SELECT ?1, ${NEXT_SEQ}, '${table}', target.id, used.version, 'delete', used.at, ?4, ?3, '[]', content
        FROM ${USED} CROSS JOIN ${TARGET(kind)} WHERE ${IS_USED}`,
      ...[...own, asked.tokenId, null, wanted],
    ],
    [
      `INSERT INTO deletions
        WITH RECURSIVE path (node) AS (
          SELECT record_id FROM ${USED} WHERE ${IS_USED} UNION ALL SELECT node + (node & -node) FROM path WHERE node < 16777216)
        SELECT ?1, '${table}', node, 1 FROM path WHERE true ON CONFLICT DO UPDATE SET n = n + 1`,
      ...own,
    ],
    ...('last_name' in kind.derived ? [[REMOVE_WORDS(kind), ...own] as const] : []),
    [
      `DELETE FROM ${table} WHERE clinic_id = ?1 AND id = (SELECT record_id FROM ${USED} WHERE ${IS_USED})`,
      ...own,
    ],
  )
  if (!written?.[0]?.results.length) return refusal(404, kind.missing)
  return json(null, 204, {}, {})
}

/** Registers ownables, and leaves that in the trail. */
export async function register(asked: Asked, type = '', id?: string): Promise<Response> {
  const { clinicId, tokenId, requestId, request } = asked
  const { ownable_ids: ids = [] } =
    id === undefined
      ? await request.json<{ ownable_ids?: number[] }>()
      : { ownable_ids: [Number(id)] }
  const open = `FROM clinics CROSS JOIN json_each(?4) AS given WHERE clinics.id = ?1 AND state = 'open'`
  await write(
    asked,
    [
      `INSERT INTO ownables (clinic_id, type, id, created_at) SELECT ?1, ?2, given.value, ?3 ${open} ON CONFLICT DO NOTHING`,
      ...[clinicId, type, new Date().toISOString(), JSON.stringify(ids)],
    ],
    [
      `INSERT INTO accesses (clinic_id, at, request_id, token_id, action, resource, ids, status) SELECT ?1, ?2, ?3, ?4, 'register', 'ownables', ?5, 204 FROM clinics
        WHERE id = ?1 AND state = 'open' ON CONFLICT DO NOTHING`,
      ...[clinicId, new Date().toISOString(), requestId, tokenId, rangesOf(ids)],
    ],
    [`SELECT state FROM clinics WHERE id = ?`, clinicId],
  )
  return json(null, 204, {}, {})
}
