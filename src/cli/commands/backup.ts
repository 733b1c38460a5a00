import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { contentAt, type Content } from '../../operator/content.ts'
import type { StoredRow } from '../../operator/copy.ts'
import { digesting, digestOf, type Digest } from '../../operator/digest.ts'
import { listMarks } from '../../operator/marks.ts'
import { listTokens } from '../../operator/tokens.ts'
import { sha256 } from '../../storage/sha256.ts'
import { onStore } from '../environment/command.ts'
import type { Store } from '../environment/open.ts'
import { activePublicKey } from '../environment/ssn-key.ts'
import { FORMAT, MANIFEST, readRows } from '../files/backup.ts'
import { fromCaller } from '../files/input.ts'
import { writeAll } from '../files/output.ts'
import { argument } from '../terminal/command.ts'
import { Failure } from '../terminal/failure.ts'
import { counted, note } from '../terminal/report.ts'

export const command = onStore({
  example: 'backup backup/2026-11-25 --remote --env production',
  takes: { folder: argument('<dir>', 'a new folder, which only you can read', fromCaller) },
  async work({ folder }, store) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    if ((await readdir(folder)).length > 0)
      throw new Failure(`${folder} is not empty: name another`)

    const manifest = await backUp(store, folder, await activePublicKey(store.environment))
    const text = `${JSON.stringify(manifest, null, 2)}\n`
    const digest = await sha256(text)
    // Written last: without it, a folder is not a complete backup.
    await writeFile(join(folder, MANIFEST), text, { mode: 0o600 })
    const { needed } = manifest.ssn_keys
    const lines = [
      `${folder} holds all of the store at ${manifest.at}, and was read back.`,
      `To open its SSNs you need the private keys ${needed.join(', ') || '(none yet)'}, which are not in it.`,
      `Keep its digest elsewhere, for \`restore --digest\`: ${digest}`,
    ]
    return { json: { ...manifest, digest }, lines }
  },
})

/** Writes each table to its own file, as it was when the backup began, and reads it back. */
export async function backUp(
  { db, kv, leave }: Pick<Store, 'db' | 'kv' | 'leave'>,
  folder: string,
  publicKey: string,
) {
  const moment = { at: new Date().toISOString(), marks: await listMarks(db) }
  const bookmark = db.bookmark()
  const content = await contentAt(db, moment)
  const before = await fingerprint(content)
  const tables: Record<string, Digest> = {}
  const keyIds = new Set<string>()

  async function* tokens() {
    for (const { key, record } of await listTokens(kv))
      yield { key, record: JSON.stringify(record) }
  }
  /** Collects the ids of the SSN keys in rows, including those of deleted records in the journal. */
  async function* collectKeyIds(rows: AsyncIterable<StoredRow>) {
    for await (const row of rows) {
      const before: StoredRow = typeof row.before === 'string' ? JSON.parse(row.before) : {}
      for (const id of [row.ssn_key_id, before.ssn_key_id]) if (id) keyIds.add(`${id}`)
      yield row
    }
  }
  const all = content.map(({ table: { name }, rows }) => ({ name, rows }))
  for (const { name, rows } of [...all, { name: 'tokens', rows: tokens }]) {
    const passed = digesting(collectKeyIds(rows()))
    const file = join(folder, `${name}.ndjson`)
    await writeAll(file, passed.rows())
    const written = passed.digest()
    const { sha256: found } = await digestOf(readRows(file))
    if (found !== written.sha256) throw new Failure(`${file} does not hold what was written to it`)
    tables[name] = written
    note(`${name}: ${counted(written.rows)}`)
  }
  if ((await fingerprint(content)) !== before) {
    throw new Failure(
      'the catalogue or a clinic was changed meanwhile: delete the folder and run this again',
    )
  }
  await leave({ action: 'backup', resource: 'store' })
  const ssn_keys = { public_key: publicKey, needed: [...keyIds].sort() }
  return { format: FORMAT, ...moment, bookmark, ssn_keys, tables }
}

/** The digests of what must not change during a backup: the catalogue, and the clinics and their states. */
async function fingerprint(content: readonly Content[]) {
  const parts = content.filter(({ table: { name } }) => ['catalogue', 'clinics'].includes(name))
  return JSON.stringify(await Promise.all(parts.map(({ rows }) => digestOf(rows()))))
}
