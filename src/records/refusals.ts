import type { Context } from 'hono'
import { sql } from 'drizzle-orm/sql/sql'
import { MUST_EXIST } from '../fields/messages.ts'
import type { Env } from '../env.ts'
import { ApiError, invalid, type FieldErrors } from '../http/errors.ts'
import { rows, statements } from '../storage/statement.ts'
import { ownables } from '../storage/tables.ts'
import { isObject, partOf } from './bodies.ts'
import { ownerTypeOf, type Resource } from './resource.ts'

// Turns what the schema refuses into errors by field. A foreign key makes sure that an owner or a plan exists, a CHECK
// that a rule over several columns holds. SQLite names only the first violation, and no row, so another statement
// checks the same conditions for every row, as it would be stored.

export const absent = ({ notFound }: Resource) => new ApiError(404, notFound)

/** The references and rules that a row would break. In a `Row` they are JSON, with null for each that holds. */
type Broken = { place: number; names: string[] }
type Row = { place: number; broken: string }

const VALUES = { clinicId: 'text', rows: 'text' } as const
const { $ } = statements('refusals', VALUES)

/**
 * The conditions that a record must meet, with their columns. A reference is named after its column; a rule has its own
 * name.
 */
function conditionsOf(resource: Resource) {
  const { owner, ownerColumns, references, rules } = resource
  const ownerExists = sql`EXISTS (SELECT * FROM ${ownables}
      WHERE clinic_id = ${$.clinicId} AND type = ${ownerTypeOf(resource)} AND id = merged.${sql.raw(owner.id)})`
  return [
    { name: owner.id, columns: ownerColumns, condition: ownerExists },
    ...Object.entries(references).map(([name, exists]) => ({
      name,
      columns: [name],
      condition: sql`(${sql.raw(name)} IS NULL OR ${exists(sql.raw(`merged.${name}`), $.clinicId)})`,
    })),
    ...Object.entries(rules).map(([name, { check, columns }]) => ({
      name,
      columns,
      condition: sql`(${sql.raw(check)})`,
    })),
  ]
}

/**
 * Finds what each of the `rows`, a JSON array, would break. The columns of a row that has the `id` of a stored record
 * replace that record's.
 */
export function selectBroken(resource: Resource) {
  const conditions = conditionsOf(resource)
  const names = new Set(conditions.flatMap(({ columns }) => columns))
  const merged = [...names].map(
    (name) =>
      `iif(json_type(given.value, '$.${name}') IS NULL, stored.${name}, given.value ->> '${name}') AS ${name}`,
  )
  const broken = conditions.map(
    ({ name, condition }) => sql`iif(${condition}, NULL, ${sql.raw(`'${name}'`)})`,
  )
  const all = conditions.map(({ condition }) => condition)
  return statements(`what ${resource.name} would break`, VALUES).statement<Row>(sql`
    SELECT place, json_array(${sql.join(broken, sql`, `)}) AS broken FROM (
      SELECT given.key AS place, ${sql.raw(merged.join(', '))}
      FROM json_each(${$.rows}) AS given LEFT JOIN ${resource.table} AS stored
        ON stored.clinic_id = ${$.clinicId} AND stored.id = given.value ->> 'id') AS merged
    WHERE NOT (${sql.join(all, sql` AND `)})`)
}

/** The ids of owners, plans and so on that records refer to, for the trail: an error reveals whether they exist. */
export function idsNamed({ owner, references }: Resource, records: Record<string, unknown>[]) {
  const names = [owner.id, ...Object.keys(references)]
  const ids = records.flatMap((record) => names.map((name) => record[name]))
  return [...new Set(ids.filter((id) => typeof id === 'number'))].toSorted((a, b) => a - b)
}

/** The rows of `selectBroken` by place. */
export const brokenIn = (rows: readonly Row[]): Broken[] =>
  rows.map(({ place, broken }) => {
    const names: (string | null)[] = JSON.parse(broken)
    return { place, names: names.filter((name) => name !== null) }
  })

/** The field errors of rows that break references or rules; in a batch by place, `dependents[3].relationship`. */
export function errorsOfBroken({ name, rules }: Resource, broken: Broken[], isBatch = false) {
  const errors: FieldErrors = {}
  for (const { place, names } of broken) {
    for (const each of names) {
      const { field, message } = rules[each] ?? { field: each, message: MUST_EXIST }
      const named = isBatch ? `${name}[${place}].${field}` : field
      errors[named] = [...(errors[named] ?? []), message]
    }
  }
  return errors
}

/** Throws ApiError if `selectBroken` found any rows. */
export function refuseBroken(resource: Resource, found: readonly Row[], isBatch = false) {
  if (found.length > 0) throw invalid(errorsOfBroken(resource, brokenIn(found), isBatch))
}

/**
 * Finds what else is wrong with records that failed validation, so that one answer names everything: references and
 * rules that only storage can check, as long as their own fields are valid.
 */
export function furtherErrors(resource: Resource) {
  const { fields, owner } = resource
  const select = selectBroken(resource)
  const conditions = conditionsOf(resource)

  /** The valid fields of a record as sent, and the names of the conditions that can be checked with them. */
  function judge(sent: unknown, isNew: boolean) {
    const given: Record<string, unknown> = {}
    if (!isObject(sent)) return { given, judged: [] }

    const wrong = new Set<string>()
    for (const [name, field] of Object.entries(fields)) {
      const value = partOf(sent, name)
      if (value === undefined && !isNew) continue
      const parsed = field.given.safeParse(value)
      if (parsed.success) given[name] = parsed.data
      else wrong.add(name)
    }
    const judged = conditions
      .filter(({ columns }) => !columns.some((column) => wrong.has(column)))
      .map(({ name }) => name)
    // An amendment can't change the owner.
    return { given, judged: isNew ? judged : judged.filter((name) => name !== owner.id) }
  }

  /** `id` is the stored record to amend, if any. */
  return async (
    c: Context<Env>,
    sent: readonly unknown[],
    { isBatch = false, id }: { isBatch?: boolean; id?: number } = {},
  ): Promise<FieldErrors> => {
    const records = sent.map((record) => judge(record, id === undefined))
    if (records.every(({ judged }) => judged.length === 0)) return {}
    const given = records.map((record) => ({ ...record.given, ...(id && { id }) }))
    c.set('recordIds', id ? [id] : idsNamed(resource, given))

    const { clinicId } = c.get('caller')
    const found = await rows(c.get('db'), select, { clinicId, rows: JSON.stringify(given) })
    const broken = brokenIn(found).map(({ place, names }) => ({
      place,
      names: names.filter((name) => records[place]?.judged.includes(name)),
    }))
    return errorsOfBroken(resource, broken, isBatch)
  }
}
