import { makeSsnKeyPair } from '../../../operator/ssn.ts'
import { fromCaller } from '../../files/input.ts'
import { writeKeyFile } from '../../files/key-file.ts'
import { offline, required } from '../../terminal/command.ts'

export const command = offline({
  example: 'ssn keygen --out ssn.key.json',
  takes: { file: required('--out <file>', 'a new file for the private key', fromCaller) },
  async work({ file }) {
    const made = await makeSsnKeyPair()
    await writeKeyFile(file, made)
    const lines = [
      `The private key ${made.keyId} is in ${file}.`,
      'Keep a copy of it offline: without it, no SSN sealed to it can be opened.',
      '',
      'The public key, for [env.<name>.vars] in wrangler.toml:',
      '',
      `SSN_PUBLIC_KEY = "${made.publicKey}"`,
    ]
    const json = { key_id: made.keyId, public_key: made.publicKey, private_key_file: file }
    return { json, lines }
  },
})
