import { sql } from 'drizzle-orm/sql/sql'
import { columnsOf, jsonOf } from '../storage/json.ts'
import type { Page, PageRequest } from '../storage/pages.ts'
import { prepared, type Prepared } from '../storage/prepared.ts'
import type { Session } from '../storage/session.ts'
import { catalogue, planFacets, planLists, plans, planWords } from '../storage/tables.ts'
import { foldCase, foldedWords } from '../fields/fold.ts'

/** What a list can be sorted by. */
export const SORTS = ['id', 'plan_name', 'carrier'] as const
export type Sort = (typeof SORTS)[number]

/** Which plans, and in which order. */
export type PlanQuery = PageRequest & {
  planType: string | undefined
  carrier: string | undefined
  active: boolean | undefined
  sortBy: Sort
  isDescending: boolean
  search: string | undefined
}

/** More candidates than these are no answer to a search, and cost too much to sort. */
const MOST_CANDIDATES = 5000

/** What is read of the catalogue, with the version of all that was read. */
export type Versioned<What> = What & { version: string | undefined }

/** The documented keys in the documented order. */
const answered = {
  id: plans.id,
  plan_name: plans.plan_name,
  carrier: plans.carrier,
  plan_type: plans.plan_type,
  coverage_details: plans.coverage_details,
  active: plans.active,
  created_at: plans.created_at,
  updated_at: plans.updated_at,
}

const version = sql`(SELECT version FROM ${catalogue})`
const asPage = sql`json_group_array(${jsonOf(answered)}) AS json, json_group_array(id) AS ids`

/** A page of a list: the places of its plans, counted from 0 and from the end if it is descending, lie in two chunks. */
const selectListed = prepared(
  sql`SELECT ${version} AS version, ${asPage},
      (SELECT total FROM ${planLists} WHERE list = :list AND chunk = 0) AS total
    FROM (
      SELECT ${columnsOf(answered)}
      FROM (
        SELECT CAST(iif(:isDescending, total - :skipped - :size, :skipped) AS INTEGER) AS low
        FROM ${planLists} WHERE list = :list AND chunk = 0
      ) JOIN ${planLists} AS part ON list = :list
        AND chunk BETWEEN low / 100 AND (low + CAST(:size AS INTEGER) - 1) / 100
      JOIN json_each(part.ids) AS listed ON chunk * 100 + listed.key BETWEEN low AND low + :size - 1
      JOIN ${plans} ON plans.id = listed.value
      ORDER BY iif(:isDescending, -1, 1) * (chunk * 100 + listed.key))`,
)

/** A page of the whole catalogue in the order of its ids, which are dense. */
const selectAll = prepared(
  sql`SELECT ${version} AS version, ${asPage}, (SELECT max(id) FROM ${plans}) AS total
    FROM (SELECT ${columnsOf(answered)} FROM ${plans}
      WHERE id BETWEEN :skipped + 1 AND :skipped + :size ORDER BY id)`,
)

type Row = { version: string | null; json: string; ids: string; total: number | null }

/** Lists plans. Undefined if a search has too many matches. */
export async function listPlans(
  db: Session,
  query: PlanQuery,
): Promise<Versioned<Page> | undefined> {
  const { page, pageSize, isDescending } = query
  const cut = { skipped: (page - 1) * pageSize, size: pageSize, isDescending: Number(isDescending) }
  const words = query.search === undefined ? [] : foldedWords(query.search)
  const statement =
    words.length === 0
      ? listing(query)(db, { ...cut, list: listName(query) })
      : selectFound(db, {
          ...{ ...cut, ...filterValues(query) },
          ...{ words: longestFirst(words), sortBy: query.sortBy },
        })

  const [found] = await db.batch<Row & { candidates?: number }>([statement])
  const { version, json = '[]', ids = '[]', total, candidates = 0 } = found?.results[0] ?? {}
  if (candidates > MOST_CANDIDATES) return undefined
  return {
    version: version ?? undefined,
    page,
    pageSize,
    json,
    ids: JSON.parse(ids),
    totalCount: total ?? 0,
  }
}

const listing = ({ planType, carrier, active, sortBy, isDescending }: PlanQuery): Prepared =>
  planType === undefined &&
  carrier === undefined &&
  active === undefined &&
  sortBy === 'id' &&
  !isDescending
    ? selectAll
    : selectListed

/** The name of a list in `plan_lists`. Those of one carrier are not made once more for the order of carriers. */
function listName({ planType, carrier, active, sortBy }: PlanQuery): string {
  const sort = carrier !== undefined && sortBy === 'carrier' ? 'id' : sortBy
  return JSON.stringify([
    sort,
    planType === undefined ? null : foldCase(planType),
    carrier === undefined ? null : foldCase(carrier),
    active === undefined ? null : Number(active),
  ])
}

const filterValues = ({ planType, carrier, active }: PlanQuery) => ({
  planType: planType === undefined ? null : foldCase(planType),
  carrier: carrier === undefined ? null : foldCase(carrier),
  active: active === undefined ? null : Number(active),
})

/** So many words are counted, to find the one that the fewest plans have. */
const MOST_COUNTED = 5
const longestFirst = (words: readonly string[]) =>
  JSON.stringify(words.toSorted((a, b) => b.length - a.length))

const having = (word: string) =>
  sql.raw(`word >= ${word} AND word < ${word} || char(1114111) LIMIT ${MOST_CANDIDATES + 1}`)
const sortKey = sql`CASE :sortBy WHEN 'plan_name' THEN plan_name_folded WHEN 'carrier' THEN carrier_folded END`

/** The plans of the rarest word are looked up, and those kept that have the others. */
const selectFound = prepared(
  sql`WITH rarest AS MATERIALIZED (
      SELECT value AS start FROM (SELECT value FROM json_each(:words) LIMIT ${sql.raw(`${MOST_COUNTED}`)})
      ORDER BY (SELECT count(*) FROM (SELECT 1 FROM ${planWords} WHERE ${having('value')})) LIMIT 1
    ), candidates AS MATERIALIZED (
      SELECT DISTINCT plan_id FROM (
        SELECT plan_id FROM ${planWords} WHERE ${having('(SELECT start FROM rarest)')})
    ), matching AS MATERIALIZED (
      SELECT plans.* FROM candidates JOIN ${plans} ON plans.id = plan_id
      WHERE (:planType IS NULL OR plan_type_folded = :planType)
        AND (:carrier IS NULL OR carrier_folded = :carrier)
        AND (:active IS NULL OR active = :active)
        AND NOT EXISTS (SELECT * FROM json_each(:words) WHERE instr(words, '"' || value) = 0)
    )
    SELECT ${version} AS version, ${asPage}, (SELECT count(*) FROM matching) AS total,
      (SELECT count(*) FROM candidates) AS candidates
    FROM (SELECT ${columnsOf(answered)} FROM matching AS plans
      ORDER BY iif(:isDescending, NULL, ${sortKey}), ${sortKey} DESC, iif(:isDescending, -id, id)
      LIMIT :size OFFSET :skipped)`,
)

const selectOne = prepared(
  sql`SELECT ${version} AS version, (SELECT ${jsonOf(answered)} FROM (
    SELECT ${columnsOf(answered)} FROM ${plans} WHERE id = :id)) AS json`,
)

/** Finds a plan, as JSON. */
export async function findPlan(db: Session, id: number) {
  const [found] = await db.batch<{ version: string | null; json: string | null }>([
    selectOne(db, { id }),
  ])
  const { version, json } = found?.results[0] ?? {}
  return { version: version ?? undefined, json: json ?? undefined }
}

const facet = (name: string) => sql`(
  SELECT json_group_array(json_object('name', name, 'count', plans)) FROM (
    SELECT name, plans FROM ${planFacets} WHERE facet = ${sql.raw(`'${name}'`)} ORDER BY folded))`
const selectFacets = prepared(
  sql`SELECT ${version} AS version,
    json_object('carriers', json(${facet('carrier')}), 'plan_types', json(${facet('plan_type')})) AS json`,
)

/** The carriers and plan types of the catalogue with their numbers of plans, as JSON. */
export async function findFacets(db: Session) {
  const [found] = await db.batch<{ version: string | null; json: string }>([selectFacets(db, {})])
  const { version, json = '' } = found?.results[0] ?? {}
  return { version: version ?? undefined, json }
}
