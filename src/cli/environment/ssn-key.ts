import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SsnKeyPair } from '../../operator/ssn.ts'
import { LOCAL_KEY } from '../../ssn/sealing-key.ts'
import { keyPairIn } from '../files/key-file.ts'
import { Failure } from '../terminal/failure.ts'
import { setUpLine, type LocalEnvironment, type Environment } from './choose.ts'
import { openMigrated } from './open.ts'
import { DEFAULT_STATE, PROJECT } from './project.ts'
import { deployed } from './wrangler-toml.ts'

/** The file of a local state's key pair. The private key never reaches the Worker. */
export const developmentKeyFile = ({ state }: LocalEnvironment) =>
  join(state, 'ssn-development-key.json')

/** The local state's key pair, created on first use. */
export async function developmentKey(environment: LocalEnvironment): Promise<SsnKeyPair> {
  await mkdir(environment.state, { recursive: true })
  return await keyPairIn(developmentKeyFile(environment))
}

/** The public key that the store's Worker seals to. Throws Failure. */
export async function activePublicKey(environment: Environment): Promise<string> {
  if (environment.place === 'local') return (await developmentKey(environment)).publicKey
  const { ssnPublicKey } = deployed(environment.config)
  if (ssnPublicKey !== undefined) return ssnPublicKey
  throw new Failure(`${environment.env} has no SSN_PUBLIC_KEY: ${setUpLine(environment)}`)
}

/** Opens a local store, applies its missing migrations, and puts its public key where the Worker finds it. */
export async function prepareLocal(environment: LocalEnvironment) {
  const key = await developmentKey(environment)
  const { store, applied } = await openMigrated(environment)
  await store.kv.put(LOCAL_KEY, key.publicKey)
  const isServedByDefault = environment.state === DEFAULT_STATE && environment.env === undefined
  if (isServedByDefault) await writeDevVars(key.publicKey)
  return { store, applied, key }
}

const DEV_VARS = join(PROJECT, '.dev.vars')

/** Writes the key for a bare `wrangler dev`, and keeps the file's other lines. */
async function writeDevVars(publicKey: string): Promise<void> {
  const before = await readFile(DEV_VARS, 'utf8').catch(() => '')
  const others = before.replace(/^LOCAL_SSN_PUBLIC_KEY=.*\n?/gm, '').trimEnd()
  const after = `${others}\nLOCAL_SSN_PUBLIC_KEY=${publicKey}\n`.trimStart()
  if (after !== before) await writeFile(DEV_VARS, after, { mode: 0o600 })
}
