// How long the writes of a clinic wait while it moves: `node test/bench/move.ts 1000 100000`, for so many records, each
// with its owner, its change and an access. Both cells are local, so that the way to D1 is short.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { carryOut, openMove } from '../../src/cli/commands/clinic/move/steps.ts'
import { chooseLocal } from '../../src/cli/environment/choose.ts'
import { openMigrated, type Store } from '../../src/cli/environment/open.ts'
import { createClinic } from '../../src/clinics/queries.ts'

const PORTION = 1000

const uid = "printf('%08d-0000-4000-8000-000000000000', n)"
const at = "'2026-01-01T00:00:00.000Z'"

/** What each table says of the n-th record. */
const ROWS = {
  ownables: `'bench', 'Patient', n, ${at}`,
  person_informations: `'bench', n, ${uid}, 1, 'Patient', n, 'Anastasia', 'Number ' || n, '1990-01-01', 'number ' || n,
    'anastasia', '01234567', printf('%0140d', n), '4321', '+1-202-555-0123', 'person.' || n || '@example.com', ${at}, ${at}`,
  changes: `'bench', n, 'person_informations', n, 1, 'create', ${at}, '0123456789abcdef', ${uid}, '[]', NULL`,
  accesses: `'bench', ${at}, ${uid}, '0123456789abcdef', 'read', 'person_informations', n, 200`,
}

async function fill({ db }: Store, records: number) {
  await createClinic(db, 'bench')
  for (let first = 1; first <= records; first += PORTION) {
    const last = Math.min(first + PORTION - 1, records)
    const numbers = `WITH RECURSIVE n (n) AS (VALUES (${first}) UNION ALL SELECT n + 1 FROM n WHERE n < ${last})`
    const inserts = Object.entries(ROWS).map(
      ([table, row]) => `INSERT INTO ${table} ${numbers} SELECT ${row} FROM n`,
    )
    await db.batch(inserts.map((insert) => db.prepare(insert)))
  }
}

async function openCell(folder: string, cell: string): Promise<Store> {
  const state = join(folder, cell)
  // Migrating takes seconds, and says nothing here.
  if (process.env.MIGRATED) await cp(process.env.MIGRATED, state, { recursive: true })
  const { store } = await openMigrated(await chooseLocal({ local: true, persistTo: state }))
  return store
}

async function measure(records: number) {
  const folder = await mkdtemp(join(tmpdir(), 'clinic-move-'))
  const [source, target] = [await openCell(folder, 'us'), await openCell(folder, 'eu')]
  try {
    await fill(source, records)
    const began = performance.now()
    const { json } = await carryOut(await openMove(source, target, 'bench', 'eu'), 0)
    const seconds = Math.round(performance.now() - began) / 1000
    console.log(JSON.stringify({ records, seconds, waited: json['writes_waited_seconds'] }))
  } finally {
    await Promise.all([source.close(), target.close()])
    await rm(folder, { recursive: true })
  }
}

for (const records of process.argv.slice(2)) await measure(Number(records))
process.exit()
