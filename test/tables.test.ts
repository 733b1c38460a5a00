import { is } from 'drizzle-orm'
import { getTableConfig, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { describe, expect, it } from 'vitest'
import * as shared from '../src/db/tables.ts'
import { kinds } from '../src/kinds.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()

const query = async (statement: string, ...values: unknown[]) =>
  (
    await worker.env.DB.prepare(statement)
      .bind(...values)
      .all()
  ).results

const all = [...Object.values(shared), ...kinds.map(({ table }) => table)].filter((table) =>
  is(table, SQLiteTable),
)

describe('the tables that the code declares', () => {
  it.each(all.map((table) => [getTableConfig(table).name, table] as const))(
    'have the columns of the migrations: %s',
    async (name, table) => {
      const migrated = await query(
        `SELECT name, type, "notnull" OR pk > 0 AS required FROM pragma_table_info(?) ORDER BY name`,
        name,
      )

      const declared = getTableConfig(table).columns.map((column) => ({
        name: column.name,
        type: column.getSQLType().toUpperCase(),
        required: Number(column.notNull),
      }))
      expect(declared.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(migrated)
    },
  )

  it('are all that the migrations make, and each is STRICT', async () => {
    const made = await query(
      `SELECT name, strict FROM pragma_table_list
       WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name <> 'd1_migrations' ORDER BY name`,
    )

    const names = all.map((table) => getTableConfig(table).name).sort()
    expect(made).toEqual(names.map((name) => ({ name, strict: 1 })))
  })

  it('are changed by no trigger and forget nothing by cascade', async () => {
    const found = await query(
      `SELECT name FROM sqlite_master WHERE type = 'trigger' OR sql LIKE '%CASCADE%'`,
    )

    expect(found).toEqual([])
  })
})
