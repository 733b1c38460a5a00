import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from '@commander-js/extra-typings'
import * as z from 'zod'
import { listClinics } from '../../clinics/queries.ts'
import { resources } from '../../resources/index.ts'
import { CATALOGUE_KEY } from '../../plans/catalogue.ts'
import { completeRecords } from '../../operator/records/snapshot.ts'
import { tokenRecord } from '../../tokens/record.ts'
import { listTokens, putRecord } from '../../operator/tokens.ts'
import { digestOf } from '../files/digest.ts'
import { fromCaller } from '../files/input.ts'
import { openRows } from '../files/rows.ts'
import { chooseStore, onStore } from '../store/choice.ts'
import { contentOf, fill, type Rows } from '../store/content.ts'
import { withStore, type Store } from '../store/open.ts'
import { Failure, stopAtCtrlC } from '../terminal/failure.ts'
import { example } from '../terminal/options.ts'
import { counted, note, print } from '../terminal/report.ts'
import { mark } from './resume.ts'

const manifestOf = z.object({
  at: z.iso.datetime(),
  marks: z.array(mark),
  tables: z.record(z.string(), z.object({ rows: z.int(), sha256: z.string() })),
})
type Manifest = z.infer<typeof manifestOf>

const storedToken = z.object({ key: z.string(), record: tokenRecord })

export const define = (command: Command) =>
  onStore(command)
    .argument('<dir>', 'what `backup` wrote')
    .addHelpText(...example('restore backup/2026-11-25 --remote --env production'))
    .action(async (dir, options) => {
      const choice = await chooseStore(options)
      const folder = fromCaller(dir)
      const manifest = await readManifest(folder)
      const tables = await withStore(choice, (store) => restore(store, folder, manifest))
      const rows = Object.values(tables).reduce((sum, { rows }) => sum + rows, 0)
      print(
        {
          json: { at: manifest.at, tables },
          lines: [`${counted(rows)} rows are back as they were at ${manifest.at}, and compared.`],
        },
        options,
      )
    })

async function readManifest(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => {
    throw new Failure(`${folder} is no whole backup: it has no manifest.json`)
  })
  const { data } = manifestOf.safeParse(JSON.parse(text))
  if (data) return data
  throw new Failure(`${folder}/manifest.json is none that \`backup\` writes`)
}

/** Fills the empty store, compares it, and only then lets anybody in. */
async function restore({ db, kv, leave }: Store, folder: string, manifest: Manifest) {
  const signal = stopAtCtrlC()
  const isEmpty = (await listClinics(db)).length === 0 && (await listTokens(kv)).length === 0
  if (!isEmpty) throw new Failure('the store is not empty: restore into a new one')

  const rowsIn = (name: string) => rowsOf(join(folder, `${name}.ndjson`), signal)
  const compare = async (name: string, rows: AsyncIterable<Rows>, what: string) => {
    const found = await digestOf(rows)
    if (found.sha256 !== manifest.tables[name]?.sha256) {
      throw new Failure(`${name}: ${what} is not what was backed up; nobody was let in`)
    }
  }
  for (const name of Object.keys(manifest.tables)) {
    await compare(name, rowsIn(name), `${name}.ndjson`)
  }
  const content = contentOf(db, manifest)
  const before = content.filter(({ name }) => name !== 'clinics')
  for (const { name } of before) {
    for await (const rows of inPortions(rowsIn(name))) await fill(db, name, rows)
    note(`${name}: ${counted(manifest.tables[name]?.rows ?? 0)}`)
  }
  for (const one of manifest.marks) await completeRecords(db, resources, one)
  for (const { name, rows } of before) await compare(name, rows(), 'what the store holds')

  for await (const { version } of rowsIn('catalogue')) {
    await kv.put(CATALOGUE_KEY, JSON.stringify({ version, bookmark: db.bookmark() }))
  }
  for await (const clinics of inPortions(rowsIn('clinics'))) await fill(db, 'clinics', clinics)
  for await (const row of rowsIn('tokens')) {
    const { key, record } = storedToken.parse(row)
    await putRecord(kv, key, record)
  }
  await leave({ action: 'restore', resource: 'store' })
  return manifest.tables
}

async function* rowsOf(file: string, signal: AbortSignal): AsyncGenerator<Rows> {
  const { rows } = await openRows(file, [], signal)
  for await (const { line, columns } of rows) {
    signal.throwIfAborted()
    if (!columns) throw new Failure(`line ${line} of ${file} is damaged`)
    yield columns
  }
}

/** A statement takes its rows as one JSON parameter, for which D1 allows 2 MB. */
async function* inPortions(rows: AsyncIterable<Rows>): AsyncGenerator<Rows[]> {
  let portion: Rows[] = []
  let characters = 0
  for await (const row of rows) {
    const { length } = JSON.stringify(row)
    if (portion.length > 0 && characters + length > 500_000) {
      yield portion
      ;[portion, characters] = [[], 0]
    }
    portion.push(row)
    characters += length
  }
  if (portion.length > 0) yield portion
}
