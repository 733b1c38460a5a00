import { foldName } from '../../../../src/fields/fold.ts'
import {
  json,
  leaveTrail,
  link,
  listBody,
  positive,
  refusal,
  type Asked,
  type Row,
} from './answer.ts'
import { KINDS, type Kind } from './kinds.ts'

/** Page and page size of a query, or null if one is wrong. */
function pagingOf({ url }: Asked) {
  const page = positive(url.searchParams.get('page') ?? '1')
  const size = positive(url.searchParams.get('page_size') ?? '25')
  return page === null || size === null || size > 100 ? null : { page, size }
}

/** Runs one statement, whose ?1 is the clinic, and gives its row: nothing of a suspended clinic. */
async function first({ session }: Asked, sql: string, ...values: unknown[]): Promise<Row> {
  const withState = `SELECT *, (SELECT state FROM clinics WHERE id = ?1) AS state FROM (${sql})`
  const [answer] = await session.batch<Row>([session.prepare(withState).bind(...values)])
  const [row = {}] = answer?.results ?? []
  if (row.state === 'suspended') throw new Error('the clinic is suspended')
  return row
}

const HIGHEST = (table: string) =>
  `coalesce((SELECT max(record_id) FROM changes WHERE clinic_id = ?1 AND resource = '${table}'), 0)`
const DELETED = (table: string) =>
  `coalesce((SELECT n FROM deletions WHERE clinic_id = ?1 AND resource = '${table}' AND node = 16777216), 0)`
const PAGE = ({ json }: Kind) => `json_group_array(${json}) AS json, json_group_array(id) AS ids`

const all = (kind: Kind) => `
  SELECT ${PAGE(kind)}, ${HIGHEST(kind.table)} - ${DELETED(kind.table)} AS total FROM (
    SELECT ${kind.columns} FROM ${kind.table}
    WHERE clinic_id = ?1 AND id >= iif(${DELETED(kind.table)} = 0, CAST(?2 AS INTEGER), (
      WITH RECURSIVE seek (step, at, rank) AS (
        SELECT 8388608, 0, CAST(?2 AS INTEGER)
        UNION ALL
        SELECT step / 2, iif(step - coalesce(n, 0) < rank, at + step, at),
          iif(step - coalesce(n, 0) < rank, rank - step + coalesce(n, 0), rank)
        FROM seek LEFT JOIN deletions
          ON clinic_id = ?1 AND resource = '${kind.table}' AND node = at + step
        WHERE step > 0)
      SELECT at + 1 FROM seek WHERE step = 0))
    ORDER BY id LIMIT ?3)`

const ON_DAY = '(starts_on IS NULL OR starts_on <= ?5) AND (ends_on IS NULL OR ends_on >= ?5)'

/** Those of a patient, or of another filter. */
function matching(kind: Kind, filter: string, hasDay: boolean) {
  const isByPlan = filter === 'plan_id'
  const { table, columns, type, owner } = kind
  const from = `${table} INDEXED BY ${isByPlan ? 'coverages_by_plan' : kind.index} WHERE clinic_id = ?1
      AND ${isByPlan ? 'plan_id' : `${type} = 'Patient' AND ${owner}`} = ?2 ${hasDay ? `AND ${ON_DAY}` : ''}`
  return `
    SELECT ${PAGE(kind)}, (SELECT count(*) FROM ${from}) AS total FROM (
      SELECT ${columns} FROM ${from} ORDER BY ${isByPlan ? 'id' : kind.order} LIMIT ?3 OFFSET ?4)`
}

export async function list(asked: Asked, kind: Kind): Promise<Response> {
  const { clinicId, url } = asked
  const paging = pagingOf(asked)
  const filter = url.searchParams.has('plan_id') ? 'plan_id' : kind.filter
  const sent = url.searchParams.get(filter)
  const day = url.searchParams.get('active_on')
  const of = sent === null ? undefined : positive(sent)
  if (!paging || of === null) return refusal(422, 'is invalid')

  const { page, size } = paging
  const skipped = (page - 1) * size
  const found =
    of === undefined
      ? await first(asked, all(kind), clinicId, skipped + 1, size)
      : await first(
          asked,
          matching(kind, filter, day !== null),
          ...[clinicId, of, size, skipped, ...(day === null ? [] : [day])],
        )
  leaveTrail(asked, 'list', kind.table, String(found.ids))
  const before = day === null ? '' : `active_on=${day}&`
  const spelled = of === undefined ? '' : `${filter}=${of}`
  const isBefore = filter < 'page'
  const total = Number(found.total)
  return json(listBody(kind.table, found.json, page, size, total), 200, {
    Link: link(
      url,
      page,
      size,
      total,
      before + (isBefore && spelled ? `${spelled}&` : ''),
      !isBefore && spelled ? `&${spelled}` : '',
    ),
  })
}

export async function find(asked: Asked, { table, json, missing }: Kind, id: string) {
  const wanted = positive(id)
  if (wanted === null) return refusal(404, missing)
  const row = await first(
    asked,
    `SELECT substr(uid, 1, 8) || '.' || version AS etag, ${json} AS json FROM ${table} WHERE clinic_id = ?1 AND id = ?2`,
    ...[asked.clinicId, wanted],
  )
  if (row.json === undefined) return refusal(404, missing)
  leaveTrail(asked, 'read', table, `[${wanted}]`)
  return record(row)
}

/** Answers a row, which has its JSON and its ETag. */
export const record = (row: Row, status = 200, headers: Record<string, string> = {}): Response =>
  json(String(row.json), status, {
    ETag: `"${String(row.etag)}"`,
    Vary: 'X-User-Token, Origin',
    ...headers,
  })

export async function history(asked: Asked, kind: Kind, id: string): Promise<Response> {
  const { clinicId, url } = asked
  const { table, one, missing } = kind
  const wanted = positive(id)
  const paging = pagingOf(asked)
  if (wanted === null) return refusal(404, missing)
  if (!paging) return refusal(422, 'is invalid')

  const { page, size } = paging
  const ofRecord = `clinic_id = ?1 AND resource = '${table}' AND record_id = ?2 AND version > 0`
  const found = await first(
    asked,
    `SELECT total, json_group_array(json_object('version', version, 'action', action, 'at', at, 'token_id', token_id,
        'request_id', request_id, 'changed', json(changed), '${one}', json((SELECT ${kind.json} FROM (
          SELECT ${kind.columns} FROM ${table} WHERE clinic_id = ?1 AND id = ?2 AND version = change.version
          UNION ALL
          SELECT ${kind.before} FROM changes
          WHERE ${ofRecord} AND version = change.version + 1 AND before IS NOT NULL))))) AS json
      FROM (SELECT max(version) AS total FROM changes WHERE ${ofRecord}) LEFT JOIN (
        SELECT * FROM changes WHERE ${ofRecord} ORDER BY version DESC LIMIT ?3 OFFSET ?4) AS change ON true`,
    ...[clinicId, wanted, size, (page - 1) * size],
  )
  const total = Number(found.total)
  if (!(total > 0)) return refusal(404, missing)
  leaveTrail(asked, 'history', table, `[${wanted}]`)
  return json(listBody('versions', found.json, page, size, total), 200, {
    Link: link(url, page, size, total),
  })
}

const NOW = KINDS.map(
  ({ table, json }) => `WHEN '${table}' THEN (
    SELECT ${json} FROM ${table} WHERE clinic_id = ?1 AND id = record_id)`,
).join(' ')

export async function changes(asked: Asked): Promise<Response> {
  const { clinicId, url } = asked
  const after = Number(url.searchParams.get('after') ?? 0)
  const limit = positive(url.searchParams.get('limit') ?? '100')
  if (!Number.isSafeInteger(after) || after < 0 || limit === null || limit > 100) {
    return refusal(422, 'is invalid')
  }
  const found = await first(
    asked,
    `SELECT json_group_array(json_object('seq', seq, 'resource', resource, 'id', record_id, 'version', version,
        'action', action, 'at', at, 'record', json(CASE resource ${NOW} END))) AS json,
        json_group_array(seq) AS seqs, max(seq) AS last,
        EXISTS (SELECT * FROM changes WHERE clinic_id = ?1 AND seq = ?2) AS is_known
      FROM (SELECT * FROM changes WHERE clinic_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3)`,
    ...[clinicId, after, limit],
  )
  if (after > 0 && found.is_known === 0) return refusal(422, 'start again from 0')
  leaveTrail(asked, 'follow', 'changes', String(found.seqs))
  return json(`{"changes":${String(found.json)},"last_seq":${Number(found.last ?? after)}}`)
}

export async function search(asked: Asked, kind: Kind): Promise<Response> {
  const { clinicId, request } = asked
  const { search, page = 1, page_size = 25 } = await request.json<Search>()
  const { last_name: last = '', first_name: given = '', date_of_birth: day } = search
  if (last === '' && day === undefined) return refusal(422, 'needs a last_name or a date_of_birth')

  const { table } = kind
  const begins = (column: string, name: string) =>
    `${column} >= ${name} AND ${column} < ${name} || char(1114111)`
  const isBorn = day === undefined ? '' : 'AND date_of_birth = ?5'
  const isFirst = given === '' ? 'true' : begins('first_name_folded', '?6')
  const columns = `${kind.columns}, last_name_folded, first_name_folded`
  const found = await first(
    asked,
    `WITH found AS MATERIALIZED (
        SELECT * FROM (SELECT ${columns} FROM ${table} INDEXED BY ${table}_by_${day === undefined ? 'name' : 'date_of_birth'}
          WHERE clinic_id = ?1 ${isBorn} AND ${begins('last_name_folded', '?2')} LIMIT 1001)
        UNION
        SELECT * FROM (SELECT ${columns} FROM (SELECT record_id FROM name_words WHERE ?2 <> '' AND clinic_id = ?1
            AND resource = '${table}' ${isBorn} AND ${begins('word', '?2')} LIMIT 1001)
          CROSS JOIN ${table} ON clinic_id = ?1 AND id = record_id))
      SELECT ${PAGE(kind)}, (SELECT json_array(count(*), coalesce(sum(${isFirst}), 0)) FROM found) AS counts
      FROM (SELECT * FROM found WHERE ${isFirst}
        ORDER BY last_name_folded, first_name_folded, id LIMIT ?3 OFFSET ?4)`,
    ...[clinicId, foldName(last), page_size, (page - 1) * page_size],
    ...(given === '' && day === undefined ? [] : [day ?? null, foldName(given)]),
  )
  const [candidates = 0, total = 0]: number[] = JSON.parse(String(found.counts))
  if (candidates > 1000) return refusal(422, 'too many matches')
  leaveTrail(asked, 'search', kind.table, String(found.ids))
  return json(listBody(kind.table, found.json, page, page_size, total))
}

type Search = {
  search: { last_name?: string; first_name?: string; date_of_birth?: string }
  page?: number
  page_size?: number
}
