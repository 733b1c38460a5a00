import { sql } from 'drizzle-orm/sql/sql'
import { rows, statements } from '../storage/statement.ts'
import type { Session } from '../storage/session.ts'

export type Table = {
  name: string
  columns: readonly string[]
  /** The columns of the primary key, in order, without clinic_id. */
  key: readonly string[]
  isOfClinics: boolean
}

type Described = { name: string; columns: string; key: string; referenced: string }

// D1's own tables can't be read.
const selectTables = statements('operator/tables', {}).statement<Described>(sql`
  SELECT name,
      (SELECT json_group_array(name ORDER BY cid) FROM pragma_table_info(master.name)) AS columns,
      (SELECT json_group_array(name ORDER BY pk) FROM pragma_table_info(master.name)
        WHERE pk > 0 AND name <> 'clinic_id') AS key,
      (SELECT json_group_array("table") FROM pragma_foreign_key_list(master.name)) AS referenced
    FROM sqlite_master AS master WHERE type = 'table' AND name NOT LIKE 'd1~_%' ESCAPE '~'
      AND name NOT LIKE '~_%' ESCAPE '~' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'
    ORDER BY master.rowid`)

/** Every table of the store, each after those that it references. A new table needs no change here. */
export async function listTables(db: Session): Promise<Table[]> {
  const described = new Map((await rows(db, selectTables, {})).map((table) => [table.name, table]))
  const ordered = new Map<string, Table>()
  const add = (table: Described | undefined) => {
    if (!table || ordered.has(table.name)) return
    for (const name of JSON.parse(table.referenced)) add(described.get(name))
    const columns: string[] = JSON.parse(table.columns)
    const isOfClinics = columns.includes('clinic_id')
    ordered.set(table.name, { name: table.name, columns, key: JSON.parse(table.key), isOfClinics })
  }
  for (const table of described.values()) add(table)
  return [...ordered.values()]
}
