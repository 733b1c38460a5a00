import { join } from 'node:path'
import { listClinics } from '../../clinics/queries.ts'
import { contentAt } from '../../operator/content.ts'
import { addMissing, type StoredRow } from '../../operator/copy.ts'
import { digestOf } from '../../operator/digest.ts'
import { completeRecords } from '../../operator/records/snapshot.ts'
import { listTokens, putRecord } from '../../operator/tokens.ts'
import { CATALOGUE_KEY } from '../../plans/catalogue.ts'
import { tokenRecord } from '../../tokens/record.ts'
import { onEnvironment } from '../environment/command.ts'
import { withStore, type Store } from '../environment/open.ts'
import { readManifest, readRows, type Manifest } from '../files/backup.ts'
import { fromCaller } from '../files/input.ts'
import { argument, option } from '../terminal/command.ts'
import { Failure, stopAtCtrlC } from '../terminal/failure.ts'
import { counted, note } from '../terminal/report.ts'

export const command = onEnvironment({
  example: 'restore backup/2026-11-25 --remote --env production',
  takes: {
    folder: argument('<dir>', 'the folder that `backup` wrote', fromCaller),
    digest: option('--digest <sha256>', 'the digest that `backup` printed; it must match'),
  },
  async work({ folder, digest }, environment) {
    const manifest = await readManifest(folder, digest)
    await withStore(environment, (store) => restore(store, folder, manifest), 'new')
    const { at, tables } = manifest
    const rows = Object.values(tables).reduce((sum, { rows }) => sum + rows, 0)
    const line = `Restored ${counted(rows)} rows as they were at ${at}, and compared them.`
    return { json: { at, tables }, lines: [line] }
  },
})

/** Fills the empty store, compares it with the backup, and only then adds clinics and tokens. */
async function restore({ db, kv, leave }: Store, folder: string, manifest: Manifest) {
  const signal = stopAtCtrlC()
  const isEmpty = (await listClinics(db)).length === 0 && (await listTokens(kv)).length === 0
  if (!isEmpty) throw new Failure('the store is not empty: restore into a new one')

  const content = await contentAt(db, manifest)
  const names = [...content.map(({ table }) => table.name), 'tokens']
  const unlike = Object.keys(manifest.tables).filter((name) => !names.includes(name))
  if (unlike.length > 0) throw new Failure(`the store has no table ${unlike.join(', ')}`)
  async function* rowsIn(name: string): AsyncGenerator<StoredRow> {
    for await (const row of readRows(join(folder, `${name}.ndjson`))) {
      signal.throwIfAborted()
      yield row
    }
  }
  const compare = async (name: string, rows: AsyncIterable<StoredRow>, what: string) => {
    const { sha256 } = await digestOf(rows)
    if (sha256 !== manifest.tables[name]?.sha256) {
      throw new Failure(`${name}: ${what} is not what was backed up; nobody was let in`)
    }
  }
  for (const name of names) await compare(name, rowsIn(name), `${name}.ndjson`)

  const [clinics, ...rest] = content.toReversed()
  for (const { table } of rest.toReversed()) {
    await addMissing(db, { table }, rowsIn(table.name))
    note(`${table.name}: ${counted(manifest.tables[table.name]?.rows ?? 0)}`)
  }
  for (const mark of manifest.marks) await completeRecords(db, mark)
  for (const { table, rows } of rest) await compare(table.name, rows(), 'what the store holds')

  for await (const { version } of rowsIn('catalogue')) {
    await kv.put(CATALOGUE_KEY, JSON.stringify({ version, bookmark: db.bookmark() }))
  }
  if (clinics) await addMissing(db, { table: clinics.table }, rowsIn('clinics'))
  for await (const { key, record } of rowsIn('tokens')) {
    await putRecord(kv, `${key}`, tokenRecord.parse(JSON.parse(`${record}`)))
  }
  await leave({ action: 'restore', resource: 'store' })
}
