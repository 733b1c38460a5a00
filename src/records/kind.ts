import type { Column } from 'drizzle-orm/column'
import { sql, type SQL } from 'drizzle-orm/sql/sql'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { getTableColumns } from 'drizzle-orm/utils'
import * as z from 'zod'
import type { Fields } from '../db/json.ts'
import { PATIENT } from '../fields/ownable-type.ts'
import type { ListQuery } from '../fields/paging.ts'
import type { Ownable } from '../ownables/queries.ts'
import { recordColumns } from './table.ts'

/** A value of a record as it is stored. */
export type Value = string | number | null

/** The fields of a record as a client gives them, validated. */
export type Given = Record<string, Value>

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
  given: z.ZodObject & z.ZodType<Given>
  /** A record as it is answered. */
  record: z.ZodObject
  /** The query of the list. */
  query: z.ZodObject & z.ZodType<ListQuery>
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
    [owner.id]: shape[owner.id],
  })

/** The documented keys in the documented order; of the SSN no more than its mask. */
export function answeredBy({ record, table }: Kind): Fields {
  const columns: Record<string, Column> = getTableColumns(table)
  return Object.fromEntries(
    Object.keys(record.shape).map((key): [string, Column | SQL] => [
      key,
      columns[key] ?? sql`'***-**-' || ssn_last_four`,
    ]),
  )
}

/** The columns that only this kind has, its owner's aside. */
export function ownColumns({ table, owner }: Kind): string[] {
  const shared = [...Object.keys(recordColumns()), owner.type, owner.id]
  return Object.keys(getTableColumns(table)).filter((name) => !shared.includes(name))
}
