import { is } from 'drizzle-orm'
import { getTableConfig, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as tables from '../src/db/tables.ts'
import { startWorker, type TestWorker } from './support/worker.ts'

let worker: TestWorker
beforeAll(async () => {
  worker = await startWorker()
})
afterAll(() => worker.close())

const query = async (statement: string, ...values: unknown[]) =>
  (
    await worker.env.DB.prepare(statement)
      .bind(...values)
      .all()
  ).results

/** A table as tables.ts declares it, in the words of SQLite's pragmas. */
function declared(table: SQLiteTable) {
  const { columns, indexes, foreignKeys, primaryKeys, uniqueConstraints } = getTableConfig(table)
  const composite = primaryKeys.flatMap((key) => key.columns.map(({ name }) => name))
  return {
    columns: columns.map((column) => ({
      name: column.name,
      type: column.getSQLType().toUpperCase(),
      required: column.notNull || column.primary || composite.includes(column.name),
      key: column.primary || composite.includes(column.name),
    })),
    indexes: indexes
      .map(({ config }) => ({
        name: config.name,
        columns: config.columns.map((column) => ('name' in column ? column.name : '')),
      }))
      .sort((a, b) => a.name.localeCompare(b.name)),
    uniques: [
      ...uniqueConstraints.map((constraint) => constraint.columns.map(({ name }) => name)),
      ...columns.filter(({ isUnique }) => isUnique).map(({ name }) => [name]),
    ].sort(),
    references: foreignKeys.map((key) => {
      const { columns, foreignTable, foreignColumns } = key.reference()
      return {
        table: getTableConfig(foreignTable).name,
        from: columns.map(({ name }) => name),
        to: foreignColumns.map(({ name }) => name),
        onUpdate: key.onUpdate?.toUpperCase(),
        onDelete: key.onDelete?.toUpperCase(),
      }
    }),
  }
}

/** The same of the migrated database. */
async function migrated(name: string) {
  const columns = await query(
    `SELECT c.name, c.type, c."notnull" OR c.pk > 0 AS required, c.pk > 0 AS "key"
     FROM pragma_table_info(?) c ORDER BY c.cid`,
    name,
  )
  const indexes = await query(
    `SELECT l.name, l.origin, group_concat(i.name) AS columns
     FROM pragma_index_list(?) l, pragma_index_info(l.name) i GROUP BY l.name ORDER BY l.name`,
    name,
  )
  const references = await query(
    `SELECT "table", group_concat("from") AS "from", group_concat("to") AS "to", on_update, on_delete
     FROM pragma_foreign_key_list(?) GROUP BY id`,
    name,
  )
  const named = (list: unknown) => String(list).split(',')
  return {
    columns: columns.map((column) => ({
      name: column.name,
      type: column.type,
      required: Boolean(column.required),
      key: Boolean(column.key),
    })),
    indexes: indexes
      .filter(({ origin }) => origin === 'c')
      .map((index) => ({ name: index.name, columns: named(index.columns) })),
    uniques: indexes
      .filter(({ origin }) => origin === 'u')
      .map((index) => named(index.columns))
      .sort(),
    references: references.map((key) => ({
      table: key.table,
      from: named(key.from),
      to: named(key.to),
      onUpdate: key.on_update,
      onDelete: key.on_delete,
    })),
  }
}

const all = Object.values(tables).filter((table) => is(table, SQLiteTable))

describe('the tables that the code declares', () => {
  it.each(all.map((table) => [getTableConfig(table).name, table] as const))(
    'equal the migrated schema: %s',
    async (name, table) => {
      expect(await migrated(name)).toEqual(declared(table))
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
