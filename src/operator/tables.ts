import { sql } from 'drizzle-orm/sql/sql'
import { rows, statements } from '../storage/statement.ts'
import type { Session } from '../storage/session.ts'

/** A table as the database describes it. */
export type Table = {
  name: string
  columns: readonly string[]
  /** The columns that tell its rows apart, in order; where a table has a clinic_id, those of one clinic. */
  key: readonly string[]
  isOfClinics: boolean
}

const { statement } = statements('operator/tables', {})

// D1 lets nobody look at tables of its own.
const selectColumns = statement<{ table_name: string; name: string; pk: number }>(
  sql`SELECT master.name AS table_name, info.name, info.pk
    FROM sqlite_master AS master JOIN pragma_table_info(master.name) AS info
    WHERE master.type = 'table' AND master.name NOT LIKE 'd1~_%' ESCAPE '~'
      AND master.name NOT LIKE '~_%' ESCAPE '~' AND master.name NOT LIKE 'sqlite~_%' ESCAPE '~'
    ORDER BY master.rowid, info.cid`,
)

const selectReferences = statement<{ name: string; referenced: string }>(
  sql`SELECT master.name, reference."table" AS referenced
    FROM sqlite_master AS master JOIN pragma_foreign_key_list(master.name) AS reference
    WHERE master.type = 'table' AND master.name NOT LIKE '~_%' ESCAPE '~'`,
)

/** Every table of the store, each behind those that it references. A new one needs no word here. */
export async function listTables(db: Session): Promise<Table[]> {
  const columns = Map.groupBy(await rows(db, selectColumns, {}), ({ table_name }) => table_name)
  const references = Map.groupBy(await rows(db, selectReferences, {}), ({ name }) => name)
  const ordered = new Set<string>()
  const add = (name: string) => {
    if (ordered.has(name)) return
    for (const { referenced } of references.get(name) ?? []) add(referenced)
    ordered.add(name)
  }
  for (const name of columns.keys()) add(name)
  return [...ordered].map((name) => {
    const all = columns.get(name) ?? []
    const key = all.filter(({ pk, name }) => pk > 0 && name !== 'clinic_id')
    return {
      name,
      columns: all.map((column) => column.name),
      key: key.sort((a, b) => a.pk - b.pk).map((column) => column.name),
      isOfClinics: all.some((column) => column.name === 'clinic_id'),
    }
  })
}
