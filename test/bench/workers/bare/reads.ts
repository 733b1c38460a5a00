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

const idsOf = (rows: Row[]) => rows.map(({ id }) => Number(id))

export async function list(asked: Asked, kind: Kind): Promise<Response> {
  const { clinicId, session, url } = asked
  const { table, columns, type, owner } = kind
  const paging = pagingOf(asked)
  const sent = url.searchParams.get(kind.filter)
  const of = sent === null ? undefined : positive(sent)
  if (!paging || of === null) return refusal(422, 'is invalid')

  const { page, size } = paging
  const gaps = `gaps WHERE clinic_id = ?1 AND resource = '${table}'`
  const matching = `${table} INDEXED BY ${table}_by_owner WHERE clinic_id = ?1 AND ${type} = 'Patient' AND ${owner} = ?2`
  const [rows, counted] = await session.batch<Row>(
    of === undefined
      ? [
          session
            .prepare(
              `SELECT ${columns} FROM ${table} WHERE clinic_id = ?1 AND id >= ?2 + coalesce((
                  SELECT ordinal FROM ${gaps} AND listed_before < ?2
                  ORDER BY listed_before DESC, ordinal DESC LIMIT 1), 0) ORDER BY id LIMIT ?3`,
            )
            .bind(clinicId, (page - 1) * size + 1, size),
          session
            .prepare(
              `SELECT max(coalesce((SELECT max(id) FROM ${table} WHERE clinic_id = ?1), 0),
                  coalesce((SELECT max(id) FROM ${gaps}), 0))
                - coalesce((SELECT ordinal FROM ${gaps} ORDER BY id DESC LIMIT 1), 0) AS total`,
            )
            .bind(clinicId),
        ]
      : [
          session
            .prepare(`SELECT ${columns} FROM ${matching} ORDER BY id LIMIT ?3 OFFSET ?4`)
            .bind(clinicId, of, size, (page - 1) * size),
          session.prepare(`SELECT count(*) AS total FROM ${matching}`).bind(clinicId, of),
        ],
  )
  const total = Number(counted?.results[0]?.total)
  const found = rows?.results ?? []
  leaveTrail(asked, 'list', table, idsOf(found))
  const filter = of === undefined ? '' : `&${kind.filter}=${of}`
  const [before, after] = kind.filter < 'page' ? [filter, ''] : ['', filter]
  return json(listBody(table, found, page, size, total), 200, {
    Link: link(url, page, size, total, before, after),
  })
}

export async function find(asked: Asked, { table, columns, missing }: Kind, id: string) {
  const { session, clinicId } = asked
  const wanted = positive(id)
  if (wanted === null) return refusal(404, missing)
  const [found] = await session.batch<Row>([
    session
      .prepare(
        `SELECT ${columns}, substr(uid, 1, 8) || '.' || version AS etag FROM ${table}
          WHERE clinic_id = ? AND id = ?`,
      )
      .bind(clinicId, wanted),
  ])
  const row = found?.results[0]
  if (!row) return refusal(404, missing)
  leaveTrail(asked, 'read', table, [wanted])
  return record(row)
}

/** Answers a row, whose ETag is one of its columns. */
export function record(
  { etag, ...row }: Row,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  return json(JSON.stringify(row), status, {
    ETag: `"${String(etag)}"`,
    Vary: 'X-User-Token',
    ...headers,
  })
}

export async function history(asked: Asked, kind: Kind, id: string): Promise<Response> {
  const { session, clinicId, url } = asked
  const { table, columns, missing } = kind
  const wanted = positive(id)
  const paging = pagingOf(asked)
  if (wanted === null) return refusal(404, missing)
  if (!paging) return refusal(422, 'is invalid')

  const { page, size } = paging
  const ofRecord = `clinic_id = ?1 AND resource = '${table}' AND record_id = ?2`
  const [versions, counted, now] = await session.batch<Row>([
    session
      .prepare(
        `SELECT version, action, at, token_id, request_id, changed, (
            SELECT before FROM changes AS next WHERE ${ofRecord} AND version = changes.version + 1) AS content
          FROM changes WHERE ${ofRecord} ORDER BY version DESC LIMIT ?3 OFFSET ?4`,
      )
      .bind(clinicId, wanted, size, (page - 1) * size),
    session
      .prepare(`SELECT max(version) AS total FROM changes WHERE ${ofRecord}`)
      .bind(clinicId, wanted),
    session
      .prepare(`SELECT version, ${columns} FROM ${table} WHERE clinic_id = ?1 AND id = ?2`)
      .bind(clinicId, wanted),
  ])
  const total = Number(counted?.results[0]?.total)
  if (!(total > 0)) return refusal(404, missing)
  const { version: latest, ...current } = now?.results[0] ?? {}
  const listed = (versions?.results ?? []).map(({ content, changed, ...version }) => ({
    ...version,
    changed: JSON.parse(String(changed)),
    [kind.one]:
      typeof content === 'string'
        ? answered(kind, JSON.parse(content))
        : latest === version.version
          ? current
          : null,
  }))
  leaveTrail(asked, 'history', table, [wanted])
  return json(listBody('versions', listed, page, size, total), 200, {
    Link: link(url, page, size, total),
  })
}

/** What was stored of a version, as it is answered. */
function answered({ keys }: Kind, stored: Row): Row {
  const row: Row = {}
  for (const key of keys) {
    const { ssn_last_four: lastFour } = stored
    row[key] =
      key === 'ssn' ? (typeof lastFour === 'string' ? `***-**-${lastFour}` : null) : stored[key]
  }
  return row
}

export async function changes(asked: Asked): Promise<Response> {
  const { session, clinicId, url } = asked
  const after = Number(url.searchParams.get('after') ?? 0)
  const limit = positive(url.searchParams.get('limit') ?? '100')
  if (!Number.isSafeInteger(after) || after < 0 || limit === null || limit > 100) {
    return refusal(422, 'is invalid')
  }
  const next = 'changes WHERE clinic_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3'
  const [listed, known, ...records] = await session.batch<Row>([
    session
      .prepare(`SELECT seq, resource, record_id AS id, version, action, at FROM ${next}`)
      .bind(clinicId, after, limit),
    session.prepare('SELECT 1 FROM changes WHERE clinic_id = ? AND seq = ?').bind(clinicId, after),
    ...KINDS.map(({ table, columns }) =>
      session
        .prepare(
          `SELECT ${columns} FROM ${table} WHERE clinic_id = ?1 AND id IN (
            SELECT record_id FROM (SELECT record_id, resource FROM ${next}) WHERE resource = '${table}')`,
        )
        .bind(clinicId, after, limit),
    ),
  ])
  if (after > 0 && known?.results.length === 0) return refusal(422, 'start again from 0')
  const now = new Map<string, Row>()
  for (const [n, { table }] of KINDS.entries()) {
    for (const row of records[n]?.results ?? []) now.set(`${table} ${String(row.id)}`, row)
  }
  const told = (listed?.results ?? []).map((change) => ({
    ...change,
    record: now.get(`${String(change.resource)} ${String(change.id)}`) ?? null,
  }))
  const seqs = (listed?.results ?? []).map(({ seq }) => Number(seq))
  leaveTrail(asked, 'follow', 'changes', seqs)
  return json(JSON.stringify({ changes: told, last_seq: seqs.at(-1) ?? after }))
}

export async function search(asked: Asked, { table, columns }: Kind): Promise<Response> {
  const { session, clinicId, request } = asked
  const { search, page = 1, page_size = 25 } = await request.json<Search>()
  const { last_name: last = '', first_name: first = '', date_of_birth: day } = search
  if (last === '' && day === undefined) return refusal(422, 'needs a last_name or a date_of_birth')

  const index = `${table}_by_${day === undefined ? 'name' : 'date_of_birth'}`
  const from = `${table} INDEXED BY ${index} WHERE clinic_id = ?1 ${day === undefined ? '' : 'AND date_of_birth = ?4'}
    AND last_name_folded >= ?2 AND last_name_folded < ?2 || char(1114111)`
  const isFirst = `first_name_folded >= ?3 AND first_name_folded < ?3 || char(1114111)`
  const values = [clinicId, foldName(last), foldName(first), ...(day === undefined ? [] : [day])]
  const [rows, counted] = await session.batch<Row>([
    session
      .prepare(
        `SELECT ${columns} FROM ${from} AND ${isFirst}
          ORDER BY last_name_folded, first_name_folded, id
          LIMIT ${Number(page_size)} OFFSET ${(Number(page) - 1) * Number(page_size)}`,
      )
      .bind(...values),
    session
      .prepare(
        `SELECT count(*) AS candidates, coalesce(sum(${isFirst}), 0) AS total
          FROM (SELECT first_name_folded FROM ${from} LIMIT 1001)`,
      )
      .bind(...values),
  ])
  const { candidates, total } = counted?.results[0] ?? {}
  if (Number(candidates) > 1000) return refusal(422, 'too many matches')
  const found = rows?.results ?? []
  leaveTrail(
    asked,
    'search',
    table,
    idsOf(found).sort((a, b) => a - b),
  )
  return json(listBody(table, found, page, page_size, Number(total)))
}

type Search = {
  search: { last_name?: string; first_name?: string; date_of_birth?: string }
  page?: number
  page_size?: number
}
