import type { Command } from '@commander-js/extra-typings'
import { makeSsnKeyPair } from '../../../operator/ssn.ts'
import { fromCaller } from '../../files/input.ts'
import { writeKeyFile } from '../../files/key-file.ts'
import { example } from '../../terminal/options.ts'
import { print } from '../../terminal/report.ts'

export const define = (command: Command) =>
  command
    .requiredOption('--out <file>', 'a new file for the private key, which only you can read')
    .option('--json', 'print one JSON object and nothing else')
    .addHelpText(...example('ssn keygen --out ssn.key.json'))
    .action(async ({ out, ...options }) => {
      const file = fromCaller(out)
      const made = await makeSsnKeyPair()
      await writeKeyFile(file, made)
      print(
        {
          json: { key_id: made.keyId, public_key: made.publicKey, private_key_file: file },
          lines: [
            `The private key ${made.keyId} is in ${file}.`,
            'Keep a copy of it offline: without it, no SSN sealed to it can be opened.',
            '',
            'The public key, for [env.<name>.vars] in wrangler.toml:',
            '',
            `SSN_PUBLIC_KEY = "${made.publicKey}"`,
          ],
        },
        options,
      )
    })
