import { sql } from 'drizzle-orm/sql/sql'
import type { Session } from '../storage/session.ts'
import { batch, changedRows, first, statements } from '../storage/statement.ts'
import {
  catalogue,
  planFacets,
  planLists,
  plans,
  planWords,
  stagedPlans,
} from '../storage/tables.ts'
import { foldCase, foldedWords } from '../fields/fold.ts'
import { sha256 } from '../storage/sha256.ts'
import { CATALOGUE_KEY, readCatalogue } from '../plans/catalogue.ts'
import { SORTS, type Sort } from '../plans/schema.ts'

// A catalogue is published in three steps, each safe to run again: its plans are staged in portions; one transaction
// copies them into `plans`, rebuilds every list and sets a new version; then KV gets the version, for the edges.

/** A plan as the operator loads it; `external_id` is its identity from load to load. */
export type CataloguePlan = {
  external_id: string
  plan_name: string
  carrier: string
  plan_type: string
  coverage_details: Record<string, unknown>
  active: boolean
}

const { $, statement } = statements('publish-plans', {
  now: 'text',
  version: 'text',
  deactivateMissing: 'integer',
  republish: 'integer',
})
const staging = statements('publish-plans', { rows: 'text' })
const reading = statements('publish-plans', { after: 'integer' })
const plain = statements('publish-plans', {})

/** A plan's content: `differsFrom` and the upsert use the same columns. */
const CONTENT = ['plan_name', 'carrier', 'plan_type', 'coverage_details', 'active'] as const
const FOLDED = ['plan_name_folded', 'carrier_folded', 'plan_type_folded', 'words'] as const
const COLUMNS = ['external_id', ...CONTENT, ...FOLDED]
const columns = sql.raw(COLUMNS.join(', '))

function asRows(plans: readonly CataloguePlan[]) {
  const rows = plans.map((plan) => ({
    ...plan,
    plan_name_folded: foldCase(plan.plan_name),
    carrier_folded: foldCase(plan.carrier),
    plan_type_folded: foldCase(plan.plan_type),
    words: foldedWords(`${plan.plan_name} ${plan.carrier}`),
  }))
  return { rows: JSON.stringify(rows) }
}

/** The rows as a table, from one JSON parameter. */
const given = sql`SELECT ${sql.raw(COLUMNS.map((name) => `value ->> '${name}' AS ${name}`).join(', '))}
  FROM json_each(${staging.$.rows})`

/** Whether a new row, named `row` in the statement, differs from the stored plan. */
const differsFrom = (row: string) =>
  sql.raw(CONTENT.map((name) => `plans.${name} IS NOT ${row}.${name}`).join(' OR '))

const clear = plain.statement(sql`DELETE FROM ${stagedPlans}`)
const stage = staging.statement(sql`
  INSERT INTO ${stagedPlans} (${columns}) ${given} WHERE true ON CONFLICT DO NOTHING`)

/** Deletes what an interrupted import has left. */
export const clearStaged = async (db: Session) => void (await changedRows(db, clear, {}))

/** Stages plans with different `external_id`s. A portion that is tried again is staged once. */
export const stagePlans = async (db: Session, plans: readonly CataloguePlan[]) =>
  void (await changedRows(db, stage, asRows(plans)))

const compare = staging.statement<{ present: number; updated: number; active: number }>(sql`
  SELECT count(*) AS present, coalesce(sum(${differsFrom('given')}), 0) AS updated,
    coalesce(sum(plans.active), 0) AS active
  FROM (${given}) AS given JOIN ${plans} ON plans.external_id = given.external_id`)

/** Counts what publishing these rows, each another plan, would change, without changing it. */
export async function comparePlans(db: Session, rows: readonly CataloguePlan[]) {
  const { present = 0, updated = 0, active = 0 } = (await first(db, compare, asRows(rows))) ?? {}
  return { inserted: rows.length - present, updated, unchanged: present - updated, active }
}

const countActive = plain.statement<{ active: number }>(sql`
  SELECT count(*) AS active FROM ${plans} WHERE active = 1`)

export const countActivePlans = async (db: Session) =>
  (await first(db, countActive, {}))?.active ?? 0

const readContent = reading.statement<{ said: string; last: number | null }>(sql`
  SELECT json_group_array(json_array(id, ${columns})) AS said, max(id) AS last FROM (
    SELECT id, ${columns} FROM ${plans} WHERE id > ${reading.$.after} ORDER BY id LIMIT 50)`)

/** The SHA-256 of all plans and their ids. Each portion is hashed together with the digest of those before it. */
export async function digestPlans(db: Session): Promise<string> {
  let digest = ''
  for (let after = 0; ;) {
    const { said = '', last = null } = (await first(db, readContent, { after })) ?? {}
    if (last === null) return digest
    digest = await sha256(digest + said)
    after = last
  }
}

/** The lists and facets are rebuilt only if this batch has just set the version. */
const isNew = sql`(SELECT version FROM ${catalogue}) = ${$.version}`

const FILTERS = ['plan_type_folded', 'carrier_folded', 'active']
const ORDERS: Record<Sort, string> = {
  id: 'id',
  plan_name: 'plan_name_folded, id',
  carrier: 'carrier_folded, id',
}

const subsets = FILTERS.reduce<string[][]>(
  (sets, filter) => [...sets, ...sets.map((set) => [...set, filter])],
  [[]],
)

/**
 * For each sorting and set of filters, a statement that makes the lists for all values at once. Lists of a single
 * carrier need no sorting by carrier.
 */
const makeLists = Object.fromEntries(
  SORTS.flatMap((sort) =>
    subsets
      .filter((set) => sort !== 'carrier' || !set.includes('carrier_folded'))
      .map((set) => [`${sort} by ${set.join()}`, makeList(sort, set)]),
  ),
)

function makeList(sort: Sort, set: readonly string[]) {
  const partition = sql.raw(set.length > 0 ? `PARTITION BY ${set.join(', ')}` : '')
  const name = [`'${sort}'`, ...FILTERS.map((filter) => (set.includes(filter) ? filter : 'NULL'))]
  return statement(sql`
      INSERT INTO ${planLists} (list, chunk, ids, total)
      SELECT json_array(${sql.raw(name.join(', '))}), (place - 1) / 100,
        json_group_array(id ORDER BY place), max(total)
      FROM (
        SELECT id, ${sql.raw(FILTERS.join(', '))}, count(*) OVER (${partition}) AS total,
          row_number() OVER (${partition} ORDER BY ${sql.raw(ORDERS[sort])}) AS place
        FROM ${plans} WHERE ${isNew}
      ) GROUP BY 1, 2`)
}

const makeFacet = (facet: string) =>
  statement(sql`
    INSERT INTO ${planFacets} (facet, folded, name, plans)
    SELECT ${sql.raw(`'${facet}', ${facet}_folded, min(${facet}), count(*)`)}
    FROM ${plans} WHERE ${isNew} GROUP BY 2`)

type Counts = Record<'inserted' | 'updated' | 'unchanged' | 'deactivated', number>

const publishing = {
  dropOldWords: statement(sql`
    DELETE FROM ${planWords} WHERE (word, plan_id) IN (
      SELECT old.value, plans.id FROM ${stagedPlans} AS given
        JOIN ${plans} ON plans.external_id = given.external_id AND plans.words <> given.words
        JOIN json_each(plans.words) AS old)`),
  takeOver: statement(sql`
    INSERT INTO ${plans} (${columns}, created_at, updated_at)
      SELECT ${columns}, ${$.now}, ${$.now} FROM ${stagedPlans} WHERE true ORDER BY position
      ON CONFLICT (external_id) DO UPDATE SET
        ${sql.raw([...CONTENT, ...FOLDED, 'updated_at'].map((name) => `${name} = excluded.${name}`).join(', '))}
      WHERE ${differsFrom('excluded')}`),
  deactivateMissing: statement(sql`
    UPDATE ${plans} SET active = 0, updated_at = ${$.now}
      WHERE ${$.deactivateMissing} AND active = 1
        AND external_id NOT IN (SELECT external_id FROM ${stagedPlans})`),
  addWords: statement(sql`
    INSERT INTO ${planWords} (word, plan_id)
      SELECT new.value, plans.id FROM ${plans} JOIN json_each(words) AS new
      WHERE updated_at = ${$.now} ON CONFLICT DO NOTHING`),
  giveVersion: statement(sql`
    INSERT INTO ${catalogue} (id, version) SELECT 1, ${$.version}
      WHERE ${$.republish} OR NOT EXISTS (SELECT * FROM ${catalogue})
        OR EXISTS (SELECT * FROM ${plans} WHERE updated_at = ${$.now})
      ON CONFLICT (id) DO UPDATE SET version = excluded.version`),
  dropLists: statement(sql`DELETE FROM ${planLists} WHERE ${isNew}`),
  ...makeLists,
  dropFacets: statement(sql`DELETE FROM ${planFacets} WHERE ${isNew}`),
  makeCarriers: makeFacet('carrier'),
  makePlanTypes: makeFacet('plan_type'),
  outcome: statement<{ version: string } & Counts>(sql`
    SELECT version, total(created_at = ${$.now}) AS inserted,
        total(updated_at = ${$.now} AND created_at <> ${$.now} AND is_staged) AS updated,
        (SELECT count(*) FROM ${stagedPlans}) - total(is_staged) AS unchanged,
        total(updated_at = ${$.now} AND NOT is_staged) AS deactivated
      FROM ${catalogue} LEFT JOIN (
        SELECT created_at, updated_at, external_id IN (SELECT external_id FROM ${stagedPlans}) AS is_staged
        FROM ${plans} WHERE updated_at = ${$.now})`),
}

/**
 * Copies the staged plans into `plans` in one transaction; unchanged plans stay as they are, `updated_at` too. Then
 * puts the version into KV, if the edges don't serve it yet. The counts go by the time of writing, which is set here,
 * so they are right even if the batch was retried.
 */
export async function publishStaged(
  db: Session,
  kv: KVNamespace,
  { deactivate = false, republish = false } = {},
) {
  const { outcome } = await batch(db, publishing, {
    now: new Date().toISOString(),
    version: crypto.randomUUID(),
    deactivateMissing: Number(deactivate),
    republish: Number(republish),
  })
  const [made] = outcome
  if (!made) throw new Error('the catalogue has no version')

  const served = readCatalogue(await kv.get(CATALOGUE_KEY))
  if (served?.version !== made.version) {
    await kv.put(CATALOGUE_KEY, JSON.stringify({ version: made.version, bookmark: db.bookmark() }))
  }
  await clearStaged(db)
  return made
}

export async function publishPlans(db: Session, kv: KVNamespace, rows: readonly CataloguePlan[]) {
  await clearStaged(db)
  for (let n = 0; n < rows.length; n += 500) await stagePlans(db, rows.slice(n, n + 500))
  return await publishStaged(db, kv)
}
