import type { Command } from '@commander-js/extra-typings'
import { stateOf } from '../../../tokens/record.ts'
import { listTokens, revokeToken } from '../../../operator/tokens.ts'
import { chooseStore, type StoreChoice } from '../../environment/choice.ts'
import { checkClinic } from '../../environment/clinic.ts'
import { withStore } from '../../environment/open.ts'
import { Misuse } from '../../terminal/failure.ts'
import { example, parseClinic } from '../../terminal/options.ts'
import { print, type Report } from '../../terminal/report.ts'
import { KV_DELAY, onToken, withToken } from './named-token.ts'

export const define = (command: Command) =>
  onToken(command)
    .option('--all', 'every token of the --clinic, instead of one')
    .option('--clinic <id>', 'with --all: whose tokens', parseClinic)
    .addHelpText(...example('token revoke 0123456789abcdef --local'))
    .action(async (id, { tokenFile, all, clinic, ...options }) => {
      const choice = await chooseStore(options)
      if (all || clinic !== undefined) {
        if (!all || clinic === undefined || id !== undefined || tokenFile !== undefined) {
          throw new Misuse('name one token, or say --all with the --clinic')
        }
        return print(await revokeAll(choice, clinic), options)
      }
      const revoked = await withToken(choice, id, tokenFile, async ({ kv, leave }, stored) => {
        const record = await revokeToken(kv, stored)
        const about = { resource: 'tokens', clinicId: record.clinic_id, ids: stored.id }
        await leave({ action: 'revoke', ...about })
        return { id: stored.id, ...record }
      })
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

/** Revokes every token of a clinic that is not revoked yet. */
async function revokeAll(choice: StoreChoice, clinic: string): Promise<Report> {
  return await withStore(choice, async ({ db, kv, leave }) => {
    await checkClinic(db, choice, clinic)
    const ids: string[] = []
    for (const stored of await listTokens(kv)) {
      const { id, record } = stored
      if (record.clinic_id !== clinic || record.revoked_at !== null) continue
      await revokeToken(kv, stored)
      await leave({ action: 'revoke', resource: 'tokens', clinicId: clinic, ids: id })
      ids.push(id)
    }
    return {
      json: { clinic, revoked: ids },
      lines: [`Revoked: ${ids.length} tokens of ${clinic}.`, KV_DELAY],
    }
  })
}
