import { copyFile, rename } from 'node:fs/promises'
import { makeSsnKeyPair, type SsnKeyPair } from '../../../operator/ssn.ts'
import { fromCaller } from '../../files/input.ts'
import { writeKeyFile } from '../../files/key-file.ts'
import { deployLine, devLine } from '../../environment/choose.ts'
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
    const { flags } = environment
    if (environment.place === 'remote') {
      if (out === undefined) throw new Misuse('say where the new private key goes: --out FILE')
      const file = fromCaller(out)
      // Save the private key before wrangler.toml names the public one, so that an interruption loses nothing.
      await writeKeyFile(file, key)
      const table = `[env.${environment.env}.vars]`
      await setInWranglerToml(environment.file, table, 'SSN_PUBLIC_KEY', `"${key.publicKey}"`)
      return rotated(key, file, deployLine(environment), flags)
    }
    if (out !== undefined)
      throw new Misuse('--out goes with --remote: a local key has its own place')
    const { keyId } = await developmentKey(environment)
    const file = developmentKeyFile(environment)
    const oldFile = file.replace(/json$/, `${keyId}.json`)
    // The old pair is copied before the new one takes its place.
    await copyFile(file, oldFile)
    await writeKeyFile(`${file}.${key.keyId}.new`, key)
    await rename(`${file}.${key.keyId}.new`, file)
    return rotated(key, file, devLine(environment), `${flags} --key ${shellWords([oldFile])}`)
  },
})

const rotated = ({ keyId, publicKey }: SsnKeyPair, file: string, next: string, flags: string) => ({
  json: { key_id: keyId, public_key: publicKey, private_key_file: file },
  lines: [
    `New SSNs will be sealed to key ${keyId}; its private half is in ${file}.`,
    'Keep the old private key until no SSN is sealed to it.',
    '',
    'Next:',
    `  ${next}`,
    `  npm run clinic -- ssn reseal ${flags}`,
  ],
})
