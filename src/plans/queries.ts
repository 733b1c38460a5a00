import { sql } from 'drizzle-orm/sql/sql'
import { columnsOf, jsonOf } from '../storage/json.ts'
import type { Session } from '../storage/session.ts'
import { first, statements } from '../storage/statement.ts'
import { catalogue, planFacets, planLists, plans, planWords } from '../storage/tables.ts'
import type { PlanQuery } from './schema.ts'

/** The documented keys in the documented order. */
const answered = {
  id: sql`plans.id`,
  plan_name: null,
  carrier: null,
  plan_type: null,
  coverage_details: null,
  active: null,
  created_at: null,
  updated_at: null,
}
const answeredJson = jsonOf(answered, {
  coverage_details: sql`json(coverage_details)`,
  active: sql`json(iif(active, 'true', 'false'))`,
})

const { $, statement } = statements('plans', {
  list: 'text',
  size: 'integer',
  skipped: 'integer',
  isDescending: 'integer',
  planType: 'text?',
  carrier: 'text?',
  active: 'integer?',
  externalId: 'text?',
  words: 'text',
  sortBy: 'text',
})

type Row = { version: string | null; json: string; total: number | null; candidates?: number }

const version = sql`(SELECT version FROM ${catalogue})`
const asPage = sql`json_group_array(${answeredJson}) AS json`

/**
 * A page of a list. The places of its plans, from 0, or from the end if it is descending, are in at most two chunks.
 */
const listInChunks = statement<Row>(sql`
  SELECT ${version} AS version, ${asPage},
    (SELECT total FROM ${planLists} WHERE list = ${$.list} AND chunk = 0) AS total
  FROM (
    SELECT ${columnsOf(answered)}
    FROM (
      SELECT iif(${$.isDescending}, total - ${$.skipped} - ${$.size}, ${$.skipped}) AS low
      FROM ${planLists} WHERE list = ${$.list} AND chunk = 0
    ) JOIN ${planLists} AS part ON list = ${$.list}
      AND chunk BETWEEN low / 100 AND (low + ${$.size} - 1) / 100
    JOIN json_each(part.ids) AS listed ON chunk * 100 + listed.key BETWEEN low AND low + ${$.size} - 1
    JOIN ${plans} ON plans.id = listed.value
    ORDER BY iif(${$.isDescending}, -1, 1) * (chunk * 100 + listed.key))`)

/** A page of the whole catalogue by id. The ids have no gaps. */
const listAll = statement<Row>(sql`
  SELECT ${version} AS version, ${asPage}, (SELECT max(id) FROM ${plans}) AS total
  FROM (
    SELECT ${columnsOf(answered)} FROM ${plans}
    WHERE id BETWEEN ${$.skipped} + 1 AND ${$.skipped} + ${$.size} ORDER BY id)`)

const fits = sql`
  (${$.planType} IS NULL OR plan_type_folded = ${$.planType})
  AND (${$.carrier} IS NULL OR carrier_folded = ${$.carrier})
  AND (${$.active} IS NULL OR active = ${$.active})`

/** The plan with this external_id, if it matches the other filters. */
const listByExternalId = statement<Row>(sql`
  WITH found AS MATERIALIZED (
    SELECT ${columnsOf(answered)} FROM ${plans} WHERE external_id = ${$.externalId} AND ${fits})
  SELECT ${version} AS version, ${asPage}, (SELECT count(*) FROM found) AS total
  FROM (SELECT * FROM found LIMIT ${$.size} OFFSET ${$.skipped})`)

/** A search with more candidates is refused: it would be no use, and cost too much to sort. */
const MOST_CANDIDATES = 5000
/** How many words are counted, at most, to find the rarest one. */
const MOST_COUNTED = 5

const having = (word: string) =>
  sql.raw(`word >= ${word} AND word < ${word} || char(1114111) LIMIT ${MOST_CANDIDATES + 1}`)
const sortKey = sql`CASE ${$.sortBy} WHEN 'plan_name' THEN plan_name_folded WHEN 'carrier' THEN carrier_folded END`

/** Looks up the plans of the rarest word, and keeps those that have all the others. */
const search = statement<Row>(sql`
  WITH rarest AS MATERIALIZED (
    SELECT value AS start FROM (SELECT value FROM json_each(${$.words}) LIMIT ${sql.raw(`${MOST_COUNTED}`)})
    ORDER BY (SELECT count(*) FROM (SELECT 1 FROM ${planWords} WHERE ${having('value')})) LIMIT 1
  ), candidates AS MATERIALIZED (
    SELECT DISTINCT plan_id FROM (
      SELECT plan_id FROM ${planWords} WHERE ${having('(SELECT start FROM rarest)')})
  ), matching AS MATERIALIZED (
    SELECT plans.* FROM candidates JOIN ${plans} ON plans.id = plan_id
    WHERE ${fits} AND (${$.externalId} IS NULL OR external_id = ${$.externalId})
      AND NOT EXISTS (SELECT * FROM json_each(${$.words}) WHERE instr(words, '"' || value) = 0)
  )
  SELECT ${version} AS version, ${asPage}, (SELECT count(*) FROM matching) AS total,
    (SELECT count(*) FROM candidates) AS candidates
  FROM (
    SELECT ${columnsOf(answered)} FROM matching AS plans
    ORDER BY iif(${$.isDescending}, NULL, ${sortKey}), ${sortKey} DESC, iif(${$.isDescending}, -id, id)
    LIMIT ${$.size} OFFSET ${$.skipped})`)

/** Lists plans. Undefined if a search has too many matches. */
export async function listPlans(db: Session, query: PlanQuery) {
  const { page, page_size: size, active, search: text, sort_by: sortBy = 'id', sort_dir } = query
  const { plan_type: planType = null, carrier = null, external_id: externalId = null } = query
  const isActive = active === undefined ? null : Number(active)
  // Within one carrier, sorting by carrier is the same as by id, so it has no lists.
  const sort = carrier !== null && sortBy === 'carrier' ? 'id' : sortBy
  const values = {
    planType,
    carrier,
    active: isActive,
    externalId,
    list: JSON.stringify([sort, planType, carrier, isActive]),
    size,
    skipped: (page - 1) * size,
    isDescending: Number(sort_dir === 'DESC'),
    sortBy,
    words: JSON.stringify(text?.split(' ').sort((a, b) => b.length - a.length) ?? []),
  }
  const found = await first<typeof values, Row>(db, statementFor(query), values)
  const { version, json = '[]', total, candidates = 0 } = found ?? {}
  return candidates > MOST_CANDIDATES ? undefined : { version, json, totalCount: total ?? 0 }
}

function statementFor({ page: _, page_size: _size, ...asked }: PlanQuery) {
  if (asked.search !== undefined) return search
  if (asked.external_id !== undefined) return listByExternalId
  const isWhole = Object.values(asked).every((value) => value === undefined)
  return isWhole ? listAll : listInChunks
}

const one = statements('plans', { id: 'integer' })
const findOne = one.statement<{ version: string | null; json: string | null }>(sql`
  SELECT ${version} AS version, (SELECT ${answeredJson} FROM (
    SELECT ${columnsOf(answered)} FROM ${plans} WHERE id = ${one.$.id})) AS json`)

/** Finds a plan, as JSON, with the version of the catalogue. */
export const findPlan = (db: Session, id: number) => first(db, findOne, { id })

const facet = (name: string) => sql`(
  SELECT json_group_array(json_object('name', name, 'count', plans)) FROM (
    SELECT name, plans FROM ${planFacets} WHERE facet = ${sql.raw(`'${name}'`)} ORDER BY folded))`
const listFacets = statements('plans', {}).statement<{ version: string | null; json: string }>(sql`
  SELECT ${version} AS version,
    json_object('carriers', json(${facet('carrier')}), 'plan_types', json(${facet('plan_type')})) AS json`)

/** The catalogue's carriers and plan types with their numbers of plans, as JSON, and its version. */
export async function findFacets(db: Session) {
  const { version, json = '' } = (await first(db, listFacets, {})) ?? {}
  return { version, json }
}
