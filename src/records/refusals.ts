import { sql } from 'drizzle-orm/sql/sql'
import { MUST_EXIST } from '../fields/messages.ts'
import type { FieldErrors } from '../http/errors.ts'
import { statements } from '../storage/statement.ts'
import { ownables } from '../storage/tables.ts'
import { ownerTypeOf, type Resource } from './resource.ts'

// What the schema refuses, told by field. A foreign key says that an owner or a plan must exist, a CHECK that a rule
// holds over several columns. SQLite names only the first that is broken, and no row, so the same conditions are asked
// once more: of every row, as it would be stored.

/** The references and rules that a row would break, by the row's place. */
export type Broken = { place: number; names: string[] }

const VALUES = { clinicId: 'text', rows: 'text' } as const
const { $ } = statements('refusals', VALUES)

/** The conditions of a resource by name: a reference has its column's name, a rule its own. */
function conditionsOf(resource: Resource) {
  const { owner, references, rules } = resource
  const ownerExists = sql`EXISTS (SELECT * FROM ${ownables}
      WHERE clinic_id = ${$.clinicId} AND type = ${ownerTypeOf(resource)} AND id = merged.${sql.raw(owner.id)})`
  return [
    { name: owner.id, condition: ownerExists },
    ...Object.entries(references).map(([column, exists]) => ({
      name: column,
      condition: sql`(${sql.raw(column)} IS NULL OR ${exists(sql.raw(`merged.${column}`), $.clinicId)})`,
    })),
    ...Object.entries(rules).map(([name, { check }]) => ({
      name,
      condition: sql`(${sql.raw(check)})`,
    })),
  ]
}

/**
 * Finds what each of the `rows`, a JSON array, would break; a row that has the `id` of a stored record is that record
 * with the row's columns in place of its own.
 */
export function selectBroken(resource: Resource) {
  const { ownerColumns, references, rules } = resource
  const conditions = conditionsOf(resource)
  const names = new Set([
    ...ownerColumns,
    ...Object.keys(references),
    ...Object.values(rules).flatMap(({ columns }) => columns),
  ])
  const merged = [...names].map((name) =>
    sql.raw(
      `iif(json_type(given.value, '$.${name}') IS NULL, stored.${name}, given.value ->> '${name}') AS ${name}`,
    ),
  )
  const broken = conditions.map(
    ({ name, condition }) => sql`iif(${condition}, NULL, ${sql.raw(`'${name}'`)})`,
  )
  const { statement } = statements(`what ${resource.name} would break`, VALUES)
  return statement<{ place: number; broken: string }>(sql`
    SELECT place, json_array(${sql.join(broken, sql`, `)}) AS broken FROM (
      SELECT given.key AS place, ${sql.join(merged, sql`, `)}
      FROM json_each(${$.rows}) AS given LEFT JOIN ${resource.table} AS stored
        ON stored.clinic_id = ${$.clinicId} AND stored.id = given.value ->> 'id') AS merged
    WHERE NOT (${sql.join(
      conditions.map(({ condition }) => condition),
      sql` AND `,
    )})`)
}

/** The ids that records name, of owners, plans and whatever else must exist: who is told so has asked for them. */
export function idsNamed(
  { owner, references }: Resource,
  records: readonly Readonly<Record<string, unknown>>[],
): number[] {
  const names = [owner.id, ...Object.keys(references)]
  const ids = records.flatMap((record) => names.map((name) => record[name]))
  return [...new Set(ids.filter((id) => typeof id === 'number'))].toSorted((a, b) => a - b)
}

/** The rows of `selectBroken` by place. */
export const brokenIn = (rows: readonly { place: number; broken: string }[]): Broken[] =>
  rows.map(({ place, broken }) => {
    const names: (string | null)[] = JSON.parse(broken)
    return { place, names: names.filter((name) => name !== null) }
  })

/** What is wrong with a row that breaks the references and rules of these names. */
export function errorsOfBroken({ rules }: Resource, names: readonly string[]): FieldErrors {
  const errors: FieldErrors = {}
  for (const name of names) {
    const { field, message } = rules[name] ?? { field: name, message: MUST_EXIST }
    errors[field] = [...(errors[field] ?? []), message]
  }
  return errors
}
