import { sql } from 'drizzle-orm/sql/sql'
import type { Given, Resource } from '../../records/resource.ts'
import type { Session } from '../../storage/session.ts'
import { batch, changedRows, statements } from '../../storage/statement.ts'
import { changes, deletions, nameWords } from '../../storage/tables.ts'
import type { Mark } from '../marks.ts'

// A backup takes many reads, between which clients write. The journal says what every record was before, so all of
// a clinic's records can be told as they were at one change.

const PAGE_ROWS = 500

/** A clinic's records as they were at the mark, as rows of their table, in the order of their ids. */
export async function* recordsAt(
  db: Session,
  resource: Resource,
  mark: Mark,
): AsyncGenerator<Given> {
  const { clinic_id: clinicId, seq } = mark
  const rowOf = (content: Given): Given => ({
    clinic_id: clinicId,
    ...Object.fromEntries(resource.columns.map((name) => [name, content[name] ?? null])),
  })
  const select = selectAt(resource)
  for (let after = 0; ;) {
    const { page, later } = await batch(db, select, { clinicId, seq, after, limit: PAGE_ROWS })
    const found = new Map(page.map((row) => [Number(row.id), rowOf(row)]))
    const isLast = found.size < PAGE_ROWS
    const end = isLast ? Infinity : Math.max(...found.keys())
    for (const { record_id: id, before } of later) {
      if (id > end) continue
      if (before === null) found.delete(id)
      else found.set(id, rowOf(JSON.parse(before)))
    }
    for (const id of [...found.keys()].sort((a, b) => a - b)) yield found.get(id) ?? {}
    if (isLast) return
    after = end
  }
}

/** A page of records, and the first change of each after the mark: nothing was there before a creation or restoration. */
export function selectAt({ name, table, text }: Resource) {
  const { $, statement } = statements(`back up ${name}`, {
    clinicId: 'text',
    seq: 'integer',
    after: 'integer',
    limit: 'integer',
  })
  return {
    page: statement<Given>(sql`
      SELECT * FROM ${table} WHERE clinic_id = ${$.clinicId} AND id > ${$.after} ORDER BY id LIMIT ${$.limit}`),
    later: statement<{ record_id: number; before: string | null }>(sql`
      SELECT record_id, before, min(seq) FROM ${changes}
      WHERE clinic_id = ${$.clinicId} AND seq > ${$.seq} AND resource = ${text} AND record_id > ${$.after}
        AND action <> 'skip'
      GROUP BY record_id`),
  }
}

/**
 * Writes what follows from a clinic's records that have just been written: how many are deleted, which is every id up
 * to the mark that none of them has, and the words by which people are searched.
 */
export async function completeRecords(
  db: Session,
  resources: readonly Resource[],
  { clinic_id: clinicId, ids }: Mark,
): Promise<void> {
  for (const resource of resources) {
    const highest = ids[resource.name] ?? 0
    await changedRows(db, countAbsent(resource), { clinicId, highest })
    if (resource.person) await changedRows(db, addAllWords(resource), { clinicId })
  }
}

export function addAllWords({ name, table, text }: Resource) {
  const { $, statement } = statements(`restore words of ${name}`, { clinicId: 'text' })
  return statement(sql`
    INSERT INTO ${nameWords} (clinic_id, resource, date_of_birth, word, record_id)
    SELECT clinic_id, ${text}, date_of_birth, word.value, record.id
    FROM ${table} AS record CROSS JOIN json_each(last_name_words) AS word
    WHERE clinic_id = ${$.clinicId} ON CONFLICT DO NOTHING`)
}

export function countAbsent({ name, table, text }: Resource) {
  const { $, statement } = statements(`restore deletions of ${name}`, {
    clinicId: 'text',
    highest: 'integer',
  })
  return statement(sql`
    INSERT INTO ${deletions} (clinic_id, resource, node, n)
    WITH RECURSIVE listed (id) AS (
      SELECT id FROM ${table} WHERE clinic_id = ${$.clinicId} UNION ALL SELECT ${$.highest} + 1),
    absent (first, last) AS (
      SELECT 1 + lag(id, 1, 0) OVER (ORDER BY id), id - 1 FROM listed),
    path (first, last, node) AS (
      SELECT first, last, first FROM absent WHERE first <= last
      UNION ALL
      SELECT first, last, iif(node < last, node + 1, node + (node & -node)) FROM path WHERE node < 16777216)
    SELECT ${$.clinicId}, ${text}, node, sum(min(node, last) - max(first - 1, node - (node & -node))) FROM path
    WHERE true GROUP BY node ON CONFLICT DO NOTHING`)
}
