import type { Column } from 'drizzle-orm/column'
import { sql, type SQL } from 'drizzle-orm/sql/sql'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { getTableColumns } from 'drizzle-orm/utils'
import * as z from 'zod'
import type { Fields } from '../storage/json.ts'
import { PATIENT } from '../fields/ownable-type.ts'
import type { ListQuery } from '../fields/paging.ts'
import type { Ownable } from '../ownables/queries.ts'

/** The values of a record by the names of its fields or columns. */
export type Given = Record<string, string | number | null>

/** What a kind of record says of itself: all that tells it from the others. */
export type Kind = {
  /** The segment of its path, its table, and the key of its list, such as `dependents`. */
  name: string
  /** The key around a record in a body, such as `dependent`. */
  one: string
  notFound: string
  table: SQLiteTable
  owner: Owner
  /** The fields that a client gives, by their columns; an `ssn` is sealed before it is stored. */
  given: z.ZodObject<z.core.$ZodLooseShape, z.core.$strict> & z.ZodType<Given>
  /** A record as it is answered. */
  record: z.ZodObject
  /** The query of the list. */
  query: z.ZodObject<z.core.$ZodLooseShape, z.core.$strict> & z.ZodType<ListQuery>
}

/**
 * How a record names its owner, an ownable: the columns of the owner's type and id, and the parameter that
 * lists the records of one patient. Without a field for the type the owner is a patient.
 */
export type Owner = { type: string; id: string; filter: string }

/** Who owns the record with these fields. */
export function ownerOf({ owner }: Kind, fields: Record<string, unknown>): Ownable {
  const { [owner.type]: type, [owner.id]: id } = fields
  return { type: typeof type === 'string' ? type : PATIENT, id: Number(id) }
}

/** Those of the given fields that name the owner. */
export const ownerSchema = ({ owner, given: { shape } }: Kind) =>
  z.object({
    ...(shape[owner.type] && { [owner.type]: shape[owner.type] }),
    ...(shape[owner.id] && { [owner.id]: shape[owner.id] }),
  })

/** The kind's name as SQL writes text. */
export const nameOf = ({ name }: Kind): SQL => sql.raw(`'${name}'`)

/** The kind's table, sought by an index: of itself SQLite may read all records of the clinic in their order. */
export const soughtBy = ({ table, name }: Kind, index: 'owner' | 'date_of_birth'): SQL =>
  sql`${table} INDEXED BY ${sql.raw(`${name}_by_${index}`)}`

/** The columns of the kind's table but the clinic: what a record says. */
export const columnNames = ({ table }: Kind) =>
  Object.keys(getTableColumns(table)).filter((name) => name !== 'clinic_id')

/** The documented keys in the documented order; of the SSN no more than its mask. */
export function answeredBy({ record, table }: Kind): Fields {
  const columns: Record<string, Column> = getTableColumns(table)
  return mapKeys(record, (key) => columns[key] ?? sql`'***-**-' || ssn_last_four`)
}

/** The same of what a record said until a change, which stands in the journal. */
export const answeredBefore = ({ record }: Kind): Fields =>
  mapKeys(record, (key) =>
    key === 'ssn'
      ? sql`'***-**-' || (before ->> '$.ssn_last_four')`
      : sql.raw(`before ->> '$.${key}'`),
  )

const mapKeys = ({ shape }: z.ZodObject, fieldOf: (key: string) => Column | SQL): Fields =>
  Object.fromEntries(Object.keys(shape).map((key) => [key, fieldOf(key)]))
