import { sql } from 'drizzle-orm/sql/sql'
import { columnsOf } from '../storage/json.ts'
import { readPage, type ReadPage } from '../storage/pages.ts'
import { gaps } from '../storage/tables.ts'
import { answeredBy, nameOf, type Kind } from './kind.ts'

// A clinic's records of a kind are numbered 1, 2, 3 … A deleted one leaves a gap, and gaps are numbered too
// (see the migration), so that a page is found by a seek, and its place never needs counting.

const gapsOf = (kind: Kind) =>
  sql`${gaps} WHERE clinic_id = :clinicId AND resource = ${nameOf(kind)}`

/** The greatest id that the clinic has ever given out, 0 if none. */
export const highestId = (kind: Kind) =>
  sql`max(coalesce((SELECT max(id) FROM ${kind.table} WHERE clinic_id = :clinicId), 0),
    coalesce((SELECT max(id) FROM ${gapsOf(kind)}), 0))`

/** How many ids have been deleted. */
export const gapCount = (kind: Kind) =>
  sql`coalesce((SELECT ordinal FROM ${gapsOf(kind)} ORDER BY id DESC LIMIT 1), 0)`

/** How many gaps come before the record listed in the place `:first`, counted from 1. */
const gapsBeforeFirst = (kind: Kind) =>
  sql`coalesce((SELECT ordinal FROM ${gapsOf(kind)} AND listed_before < :first
    ORDER BY listed_before DESC, ordinal DESC LIMIT 1), 0)`

/** Lists all of a clinic's records, in the order of their ids. */
export function listAll(kind: Kind): ReadPage {
  const answered = answeredBy(kind)
  return readPage(
    answered,
    sql`SELECT ${columnsOf(answered)} FROM ${kind.table}
      WHERE clinic_id = :clinicId AND id >= :first + ${gapsBeforeFirst(kind)} ORDER BY id LIMIT :size`,
    sql`SELECT ${highestId(kind)} - ${gapCount(kind)}`,
  )
}
