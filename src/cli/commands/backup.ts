import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kinds } from '../../kinds.ts'
import { CATALOGUE_KEY, readCatalogue } from '../../plans/catalogue.ts'
import { listMarks } from '../../operator/marks.ts'
import { listTokens } from '../../operator/tokens.ts'
import { digesting, type Digest } from '../files/digest.ts'
import { fromCaller } from '../files/input.ts'
import { writeAll } from '../files/output.ts'
import { onStore } from '../environment/command.ts'
import { contentOf } from '../environment/content.ts'
import type { Store } from '../environment/open.ts'
import { activePublicKey } from '../environment/ssn-key.ts'
import { argument } from '../terminal/command.ts'
import { Failure } from '../terminal/failure.ts'
import { counted, note } from '../terminal/report.ts'

export const command = onStore({
  example: 'backup backup/2026-11-25 --remote --env production',
  takes: { folder: argument('<dir>', 'a new folder, which only you can read', fromCaller) },
  async work({ folder }, store) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    if ((await readdir(folder)).length > 0) {
      throw new Failure(`${folder} is not empty: name another`)
    }
    const publicKey = await activePublicKey(store.environment)
    const manifest = await backUp(store, folder, publicKey)
    // It comes last: a folder without it is no whole backup.
    await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`, {
      mode: 0o600,
    })
    const { ssn_keys, ...json } = manifest
    return {
      json: { ...json, ssn_keys },
      lines: [
        `${folder} holds all of the store at ${manifest.at}.`,
        `To open its SSNs you need the private keys ${ssn_keys.needed.join(', ') || '(none yet)'}, which are not in it.`,
      ],
    }
  },
})

/** Writes every table to a file of its own, as it was when the backup began, and tells what makes it whole. */
async function backUp({ db, kv, leave }: Store, folder: string, publicKey: string) {
  const moment = { at: new Date().toISOString(), marks: await listMarks(db, kinds) }
  const bookmark = db.bookmark()
  const version = async () => readCatalogue(await kv.get(CATALOGUE_KEY))?.version ?? null
  const catalogue = await version()
  const tables: Record<string, Digest> = {}
  const keyIds = new Set<string>()

  async function* tokens() {
    for (const { key, record } of await listTokens(kv)) yield { key, record }
  }
  for (const { name, rows } of [...contentOf(db, moment), { name: 'tokens', rows: tokens }]) {
    const passed = digesting(rows())
    const noted = async function* () {
      for await (const row of passed.rows()) {
        if ('ssn_key_id' in row && typeof row.ssn_key_id === 'string') keyIds.add(row.ssn_key_id)
        yield row
      }
    }
    await writeAll(join(folder, `${name}.ndjson`), noted())
    tables[name] = passed.digest()
    note(`${name}: ${counted(tables[name].rows)}`)
  }
  if ((await version()) !== catalogue) {
    throw new Failure('the catalogue was changed meanwhile: delete the folder and run this again')
  }
  await leave({ action: 'backup', resource: 'store' })
  return {
    ...moment,
    bookmark,
    ssn_keys: { public_key: publicKey, needed: [...keyIds].sort() },
    tables,
  }
}
