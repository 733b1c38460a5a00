import { link, rename } from 'node:fs/promises'
import { makeSsnKeyPair, type SsnKeyPair } from '../../../operator/ssn.ts'
import { fromCaller } from '../../files/input.ts'
import { writeKeyFile } from '../../files/key-file.ts'
import {
  deployLine,
  devLine,
  type LocalEnvironment,
  type RemoteEnvironment,
} from '../../environment/choose.ts'
import { onEnvironment } from '../../environment/command.ts'
import { developmentKey, developmentKeyFile } from '../../environment/ssn-key.ts'
import { setInWranglerToml } from '../../environment/wrangler-toml.ts'
import { option } from '../../terminal/command.ts'
import { Failure, Misuse } from '../../terminal/failure.ts'
import { shellWords } from '../../terminal/report.ts'

/** `keyFlags` name the old key for `ssn reseal`, which otherwise asks for it. */
type Rotated = { key: SsnKeyPair; file: string; next: string; keyFlags: string[] }

export const command = onEnvironment({
  example: 'ssn rotate --remote --env production --out ssn-2.key.json',
  takes: { out: option('--out <file>', 'with --remote: a new file for the new private key') },
  async work({ out }, environment) {
    const { key, file, next, keyFlags } =
      environment.place === 'remote'
        ? await rotateRemote(environment, out)
        : await rotateLocal(environment, out)
    return {
      json: { key_id: key.keyId, public_key: key.publicKey, private_key_file: file },
      lines: [
        `New SSNs will be sealed to key ${key.keyId}; its private half is in ${file}.`,
        'Keep the old private key until no SSN is sealed to it.',
        '',
        'Next:',
        `  ${next}`,
        `  npm run clinic -- ssn reseal ${[environment.flags, ...keyFlags].join(' ')}`,
      ],
    }
  },
})

/** The new pair is in its file before wrangler.toml names it, so an interruption loses no private key. */
async function rotateRemote(
  environment: RemoteEnvironment,
  out: string | undefined,
): Promise<Rotated> {
  if (out === undefined) throw new Misuse('say where the new private key goes: --out FILE')
  const file = fromCaller(out)
  const key = await makeSsnKeyPair()
  await writeKeyFile(file, key)
  const table = `[env.${environment.env}.vars]`
  await setInWranglerToml(environment.file, table, 'SSN_PUBLIC_KEY', `"${key.publicKey}"`)
  return { key, file, next: deployLine(environment), keyFlags: [] }
}

/** The old pair gets a second name before the new one takes its place. */
async function rotateLocal(
  environment: LocalEnvironment,
  out: string | undefined,
): Promise<Rotated> {
  if (out !== undefined) throw new Misuse('--out goes with --remote: a local key has its own place')
  const old = await developmentKey(environment)
  const file = developmentKeyFile(environment)
  const oldFile = file.replace(/json$/, `${old.keyId}.json`)
  const key = await makeSsnKeyPair()
  await writeKeyFile(`${file}.${key.keyId}.new`, key)
  await link(file, oldFile).catch((error) => {
    // The name contains the id of the key, so a file of that name has that key.
    if (error.code !== 'EEXIST') throw new Failure(`cannot write ${oldFile}; nothing was changed`)
  })
  await rename(`${file}.${key.keyId}.new`, file)
  return { key, file, next: devLine(environment), keyFlags: ['--key', shellWords([oldFile])] }
}
