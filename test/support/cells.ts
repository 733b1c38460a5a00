import { createClinic } from '../../src/clinics/queries.ts'
import { rememberCell } from '../../src/cli/environment/cell.ts'
import { chooseLocal } from '../../src/cli/environment/choose.ts'
import { databaseOf } from '../../src/storage/session.ts'
import { newRecord, SCOPES } from '../../src/tokens/record.ts'
import { putToken } from '../../src/operator/tokens.ts'
import { mintToken } from '../../src/tokens/token.ts'
import { makeStore, serve } from '../cli/command.ts'

export const ORIGINS = { eu: 'https://eu.api.example.com', us: 'https://us.api.example.com' }
export type CellName = keyof typeof ORIGINS

export type Cells = Awaited<ReturnType<typeof startCells>>
export type Cell = Cells[CellName]

/** A store of its own that is a cell, and the bundle that ships, served on it. */
async function startCell(name: CellName, vars: Record<string, string>) {
  const store = await makeStore()
  const variables = { CELL: name, CELLS: JSON.stringify(ORIGINS) }
  await rememberCell(await chooseLocal({ local: true, persistTo: store.state }), variables)
  const served = await serve(store, { ...variables, ...vars })
  const query = async (statement: string, ...values: unknown[]) =>
    (
      await served.env.DB.prepare(statement)
        .bind(...values)
        .all<Record<string, unknown>>()
    ).results
  return {
    ...store,
    ...served,
    name,
    query,
    stateOf: async (clinic: string) =>
      (await query('SELECT state FROM clinics WHERE id = ?', clinic))[0]?.state,
    /** Makes a clinic with a patient, and gives a token for it that may do everything. */
    async clinic(id: string) {
      await createClinic(databaseOf(served.env, 'first-primary'), id)
      await served.patients(id, 1)
      const token = mintToken(name)
      const record = newRecord({ clinic_id: id, label: 'test', scopes: [...SCOPES] })
      await putToken(served.env.TOKENS, token, record)
      return token
    },
  }
}

/** Two cells side by side, each with a storage and a workerd of its own. */
export async function startCells(vars: Record<string, string> = {}) {
  const [eu, us] = [await startCell('eu', vars), await startCell('us', vars)]
  return {
    eu,
    us,
    /** The flags of a move from eu to us. */
    move: ['--local', '--persist-to', eu.state, '--to-persist-to', us.state],
    back: ['--local', '--persist-to', us.state, '--to-persist-to', eu.state],
    async stop() {
      for (const cell of [eu, us]) {
        await cell.close()
        await cell.remove()
      }
    },
  }
}

/** Every table with rows of clinics, but for the trail of accesses, which grows by being looked at. */
export const TABLES = [
  ...['ownables', 'person_informations', 'dependents', 'coverages', 'deletions', 'changes'],
  'idempotency_keys',
] as const

/** All that a cell says of a clinic, table by table. */
export async function contentOf(cell: Cell, clinic: string) {
  const content: Record<string, unknown[]> = {}
  for (const table of TABLES) {
    const rows = await cell.query(`SELECT * FROM ${table} WHERE clinic_id = ?`, clinic)
    content[table] = rows.map((row) => JSON.stringify(row)).sort()
  }
  return content
}
