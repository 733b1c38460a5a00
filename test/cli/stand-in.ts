import { copyFile, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { CONFIG } from '../support/project.ts'

/**
 * A folder with a copy of wrangler.toml, a script that stands in for wrangler where there is no account, and empty files
 * for what that notes down. A command finds the script by `env`, and the script its folder.
 */
export async function makeStandIn(script: string, notes: readonly string[] = []) {
  const folder = await mkdtemp(join(tmpdir(), 'clinic-wrangler-'))
  const config = join(folder, 'wrangler.toml')
  await copyFile(CONFIG, config)
  await writeFile(join(folder, 'wrangler'), script, { mode: 0o755 })
  for (const name of notes) await writeFile(join(folder, name), '')
  const PATH = [folder, process.env['PATH']].join(delimiter)
  return { folder, config, env: { STAND_IN: folder, PATH } }
}
