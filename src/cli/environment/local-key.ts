import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LOCAL_KEY } from '../../ssn/sealing-key.ts'
import { DEFAULT_STATE, PROJECT } from './project.ts'
import type { LocalEnvironment } from './choose.ts'

const DEV_VARS = join(PROJECT, '.dev.vars')
const LINE = /^LOCAL_SSN_PUBLIC_KEY=.*$/m

/**
 * Writes the public key of a local state into its KV and, if it is the state that `wrangler dev` serves by default,
 * into `.dev.vars`.
 */
export async function shareKey(
  { state, env }: LocalEnvironment,
  { kv }: { kv: KVNamespace },
  { publicKey }: { publicKey: string },
): Promise<void> {
  await kv.put(LOCAL_KEY, publicKey)
  if (state === DEFAULT_STATE && env === undefined) await tellWrangler(publicKey)
}

async function tellWrangler(publicKey: string): Promise<void> {
  const before = await readFile(DEV_VARS, 'utf8').catch(() => '')
  const line = `LOCAL_SSN_PUBLIC_KEY=${publicKey}`
  const after = LINE.test(before)
    ? before.replace(LINE, line)
    : `${before && `${before.trimEnd()}\n`}${line}\n`
  if (after !== before) await writeFile(DEV_VARS, after, { mode: 0o600 })
}
