import { sql } from 'drizzle-orm/sql/sql'
import type { Resource } from '../../records/resource.ts'
import { resources } from '../../resources/index.ts'
import type { Session } from '../../storage/session.ts'
import { batch, changedRows, statements } from '../../storage/statement.ts'
import { changes, nameWords } from '../../storage/tables.ts'
import { countRanges, type Mark } from '../marks.ts'
import { selectStored } from './stored.ts'

// A backup takes many reads, and clients write in between. The journal has what every record was before, so a clinic's
// records can be rebuilt as of one change.

const PAGE_ROWS = 500

/** A clinic's records as of the mark, as rows of their table, by id. */
export async function* recordsAt(db: Session, resource: Resource, { clinic_id, seq }: Mark) {
  const select = selectAt(resource)
  /** The records after this page that have changed since the mark, as they were then; null for those created since. */
  const changed = new Map<number, string | null>()
  let seen = seq
  for (let after = 0; ;) {
    const values = { clinicId: clinic_id, after, seen, limit: PAGE_ROWS }
    const { page, later, last } = await batch(db, select, values)
    for (const { id, before } of later) if (!changed.has(id)) changed.set(id, before)
    seen = last[0]?.seq ?? seen

    const found = new Map(page.map((row) => [Number(row.id), row]))
    const end = page.length < PAGE_ROWS ? Infinity : Number(page.at(-1)?.id)
    for (const [id, before] of changed) {
      if (id > end) continue
      changed.delete(id)
      if (before === null) found.delete(id)
      else found.set(id, JSON.parse(before))
    }
    for (const [, content] of [...found].sort(([a], [b]) => a - b)) {
      const columns = resource.columns.map((name) => [name, content[name] ?? null])
      yield { clinic_id, ...Object.fromEntries(columns) }
    }
    if (end === Infinity) return
    after = end
  }
}

/** A page of records, and the changes after `seen`. `before` is null for a creation or restoration. */
export function selectAt(resource: Resource) {
  const types = { clinicId: 'text', after: 'integer', seen: 'integer' } as const
  const { $, statement } = statements(`back up ${resource.name}`, types)
  return {
    page: selectStored(resource),
    later: statement<{ id: number; before: string | null }>(sql`
      SELECT record_id AS id, before FROM ${changes}
      WHERE clinic_id = ${$.clinicId} AND seq > ${$.seen} AND resource = ${resource.text} AND record_id > ${$.after}
        AND action <> 'skip' ORDER BY seq`),
    last: statement<{ seq: number | null }>(sql`
      SELECT max(seq) AS seq FROM ${changes} WHERE clinic_id = ${$.clinicId}`),
  }
}

/**
 * Writes what is derived from a clinic's restored records: how many ids are deleted (those up to the mark that no
 * record has), and the words that search uses.
 */
export async function completeRecords(db: Session, mark: Mark) {
  const { clinic_id: clinicId, ids } = mark
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
  const types = { clinicId: 'text', highest: 'integer' } as const
  const { $, statement } = statements(`restore deletions of ${name}`, types)
  const absent = sql`(
      SELECT ${text} AS resource, 1 + lag(id, 1, 0) OVER (ORDER BY id) AS first, id - 1 AS last
      FROM (SELECT id FROM ${table} WHERE clinic_id = ${$.clinicId} UNION ALL SELECT ${$.highest} + 1))`
  return statement(sql`${countRanges(absent)} ON CONFLICT DO NOTHING`)
}
