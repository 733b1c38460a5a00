import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { SsnKeyPair } from '../../operator/ssn.ts'
import { keyPairIn } from '../files/key-file.ts'
import { Failure } from '../terminal/failure.ts'
import type { LocalChoice, StoreChoice } from './choice.ts'
import { deployed } from './wrangler-toml.ts'

/** Where the key pair of a local state lies. Its private half never reaches the Worker. */
export const developmentKeyFile = ({ state }: LocalChoice) =>
  join(state, 'ssn-development-key.json')

/** The key pair of the local state, made when it is first asked for. */
export async function developmentKey(choice: LocalChoice): Promise<SsnKeyPair> {
  const file = developmentKeyFile(choice)
  await mkdir(dirname(file), { recursive: true })
  return await keyPairIn(file)
}

/** The public key to which the Worker of the store seals. Throws Failure. */
export async function activePublicKey(choice: StoreChoice): Promise<string> {
  if (choice.place === 'local') return (await developmentKey(choice)).publicKey
  const { ssnPublicKey } = deployed(choice.config)
  if (ssnPublicKey === undefined) {
    throw new Failure(
      `${choice.env} has no SSN_PUBLIC_KEY: run \`npm run clinic -- setup ${choice.flags}\``,
    )
  }
  return ssnPublicKey
}
