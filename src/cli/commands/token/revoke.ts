import type { Command } from '@commander-js/extra-typings'
import { stateOf } from '../../../tokens/record.ts'
import { revokeToken } from '../../../tokens/store.ts'
import { chooseStore } from '../../store/choice.ts'
import { example } from '../../terminal/options.ts'
import { print } from '../../terminal/report.ts'
import { KV_DELAY, onToken, withToken } from './named-token.ts'

export const define = (command: Command) =>
  onToken(command)
    .addHelpText(...example('token revoke 0123456789abcdef --local'))
    .action(async (id, { tokenFile, ...options }) => {
      const choice = await chooseStore(options)
      const revoked = await withToken(choice, id, tokenFile, async (kv, stored) => ({
        id: stored.id,
        ...(await revokeToken(kv, stored)),
      }))
      print(
        {
          json: { ...revoked, state: stateOf(revoked) },
          lines: [
            `The token ${revoked.id} of ${revoked.clinic_id} (${revoked.label}) is revoked.`,
            KV_DELAY,
          ],
        },
        options,
      )
    })
