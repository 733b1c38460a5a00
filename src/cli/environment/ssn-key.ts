import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { SsnKeyPair } from '../../operator/ssn.ts'
import { keyPairIn } from '../files/key-file.ts'
import { Failure } from '../terminal/failure.ts'
import type { LocalEnvironment, Environment } from './choose.ts'
import { deployed } from './wrangler-toml.ts'

/** Where the key pair of a local state lies. Its private half never reaches the Worker. */
export const developmentKeyFile = ({ state }: LocalEnvironment) =>
  join(state, 'ssn-development-key.json')

/** The key pair of the local state, made when it is first asked for. */
export async function developmentKey(environment: LocalEnvironment): Promise<SsnKeyPair> {
  const file = developmentKeyFile(environment)
  await mkdir(dirname(file), { recursive: true })
  return await keyPairIn(file)
}

/** The public key to which the Worker of the store seals. Throws Failure. */
export async function activePublicKey(environment: Environment): Promise<string> {
  if (environment.place === 'local') return (await developmentKey(environment)).publicKey
  const { ssnPublicKey } = deployed(environment.config)
  if (ssnPublicKey === undefined) {
    throw new Failure(
      `${environment.env} has no SSN_PUBLIC_KEY: run \`npm run clinic -- setup ${environment.flags}\``,
    )
  }
  return ssnPublicKey
}
