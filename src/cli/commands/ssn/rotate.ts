import { copyFile, rename } from 'node:fs/promises'
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
import { Misuse } from '../../terminal/failure.ts'
import { shellWords } from '../../terminal/report.ts'

export const command = onEnvironment({
  example: 'ssn rotate --remote --env production --out ssn-2.key.json',
  takes: { out: option('--out <file>', 'with --remote: a new file for the new private key') },
  async work({ out }, environment) {
    const key = await makeSsnKeyPair()
    const { file, next, oldKey } =
      environment.place === 'remote'
        ? await rotateRemote(environment, key, out)
        : await rotateLocal(environment, key, out)
    return {
      json: { key_id: key.keyId, public_key: key.publicKey, private_key_file: file },
      lines: [
        `New SSNs will be sealed to key ${key.keyId}; its private half is in ${file}.`,
        'Keep the old private key until no SSN is sealed to it.',
        '',
        'Next:',
        `  ${next}`,
        `  npm run clinic -- ssn reseal ${environment.flags}${oldKey}`,
      ],
    }
  },
})

/** The new pair is in its file before wrangler.toml names it, so an interruption loses no private key. */
async function rotateRemote(environment: RemoteEnvironment, key: SsnKeyPair, out?: string) {
  if (out === undefined) throw new Misuse('say where the new private key goes: --out FILE')
  const file = fromCaller(out)
  await writeKeyFile(file, key)
  const table = `[env.${environment.env}.vars]`
  await setInWranglerToml(environment.file, table, 'SSN_PUBLIC_KEY', `"${key.publicKey}"`)
  return { file, next: deployLine(environment), oldKey: '' }
}

/** The old pair is copied before the new one takes its place. */
async function rotateLocal(environment: LocalEnvironment, key: SsnKeyPair, out?: string) {
  if (out !== undefined) throw new Misuse('--out goes with --remote: a local key has its own place')
  const { keyId } = await developmentKey(environment)
  const file = developmentKeyFile(environment)
  const oldFile = file.replace(/json$/, `${keyId}.json`)
  await copyFile(file, oldFile)
  await writeKeyFile(`${file}.${key.keyId}.new`, key)
  await rename(`${file}.${key.keyId}.new`, file)
  return { file, next: devLine(environment), oldKey: ` --key ${shellWords([oldFile])}` }
}
