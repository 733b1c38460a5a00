import { link, rename } from 'node:fs/promises'
import { makeSsnKeyPair } from '../ssn/open.ts'
import { readEnvironment, setInConfiguration } from './configuration.ts'
import { Failure, Misuse } from './failure.ts'
import { writeKeyFile } from './key-file.ts'
import { developmentKey, developmentKeyFile } from './local.ts'
import type { Report } from './output.ts'
import { checkChoice, choiceFlags, resolveFromCaller, type StoreChoice } from './store.ts'

/** Makes a key pair: the private half goes to a file, the public one is told. */
export async function generateKey(options: { out: string }): Promise<Report> {
  const file = resolveFromCaller(options.out)
  const made = await makeSsnKeyPair()
  await writeKeyFile(file, made)
  return {
    json: { key_id: made.keyId, public_key: made.publicKey, private_key_file: file },
    lines: [
      `Private key ${made.keyId} is in ${file}. Keep a copy offline: without it no SSN opens again.`,
      '',
      'The public line, for [env.<name>.vars] in wrangler.toml:',
      '',
      `SSN_PUBLIC_KEY = "${made.publicKey}"`,
    ],
  }
}

/** Makes a second key the active one. What is sealed to the first one stays as it is until `reseal`. */
export async function rotateKey(options: StoreChoice & { out?: string }): Promise<Report> {
  checkChoice(options)
  const rotated = options.remote ? await rotateRemote(options) : await rotateLocal(options)
  return {
    json: {
      key_id: rotated.key.keyId,
      public_key: rotated.key.publicKey,
      private_key_file: rotated.file,
    },
    lines: [
      `Key ${rotated.key.keyId} is the active one; its private half is in ${rotated.file}.`,
      `Keep the old private key${rotated.oldFile ? ` (${rotated.oldFile})` : ''} until nothing is sealed to it.`,
      '',
      'Next:',
      `  ${rotated.deploy}`,
      `  npm run clinic -- ssn reseal ${choiceFlags(options)} --key ${rotated.oldFile ?? 'OLD_PRIVATE_KEY'}`,
    ],
  }
}

/** The public key to which the chosen store's Worker seals. Throws Failure. */
export async function activePublicKey(choice: StoreChoice): Promise<string> {
  if (!choice.remote) return (await developmentKey(choice)).publicKey
  const { env, ssnPublicKey } = await readEnvironment(choice)
  if (ssnPublicKey === undefined) {
    throw new Failure(`${env} has no SSN_PUBLIC_KEY: run \`npm run clinic -- setup --remote\``)
  }
  return ssnPublicKey
}

/** The new pair is at its file before the configuration names it: an interruption loses no private key. */
async function rotateRemote(options: StoreChoice & { out?: string }) {
  const { file: config, env } = await readEnvironment(options)
  if (options.out === undefined) throw new Misuse('say where the new private key goes: --out FILE')
  const file = resolveFromCaller(options.out)
  const key = await makeSsnKeyPair()
  await writeKeyFile(file, key)
  await setInConfiguration(config, `[env.${env}.vars]`, 'SSN_PUBLIC_KEY', `"${key.publicKey}"`)
  return { key, file, oldFile: undefined, deploy: `npm run deploy -- --env ${env}` }
}

/** The old pair has a second name before the new one takes its place. */
async function rotateLocal(options: StoreChoice & { out?: string }) {
  if (options.out !== undefined) {
    throw new Misuse('--out is for --remote: the local key lies in the local state')
  }
  const old = await developmentKey(options)
  const file = developmentKeyFile(options)
  const oldFile = file.replace(/json$/, `${old.keyId}.json`)
  const key = await makeSsnKeyPair()
  await writeKeyFile(`${file}.${key.keyId}.new`, key)
  await link(file, oldFile).catch((error) => {
    // The name holds the key's id, so a file of that name holds that key.
    if (error.code !== 'EEXIST') throw new Failure(`cannot write ${oldFile}; nothing was changed`)
  })
  await rename(`${file}.${key.keyId}.new`, file)
  return { key, file, oldFile, deploy: 'npm run dev' }
}
