import { Option, type Command } from '@commander-js/extra-typings'
import { stateOf } from '../../../tokens/record.ts'
import { rotateToken } from '../../../operator/tokens.ts'
import { cellOf } from '../../environment/cell.ts'
import { chooseStore } from '../../environment/choice.ts'
import { originOf } from '../../environment/origin.ts'
import { Failure } from '../../terminal/failure.ts'
import { example, parseDuration, parseLifetime } from '../../terminal/options.ts'
import { print } from '../../terminal/report.ts'
import { KV_DELAY, onToken, withToken } from './named-token.ts'
import { shownOnce } from './shown-once.ts'

export const define = (command: Command) =>
  onToken(command)
    .addOption(
      new Option('--grace <duration>', 'how much longer the old one may live')
        .argParser(parseDuration)
        .default(parseDuration('24h'), '24h'),
    )
    .option(
      '--expires <duration>',
      'how long the new one lives, or never (default: as long as the old one was to live)',
      (value) => ({ lifetime: parseLifetime(value) }),
    )
    .addHelpText(...example('token rotate 0123456789abcdef --local --grace 2h'))
    .action(async (id, { tokenFile, grace, expires, ...options }) => {
      const choice = await chooseStore(options)
      const { cell } = await cellOf(choice)
      const rotated = await withToken(choice, id, tokenFile, async ({ kv, leave }, stored) => {
        const state = stateOf(stored.record)
        if (state !== 'live') throw new Failure(`token ${stored.id} is ${state}: create a new one`)
        const made = await rotateToken(kv, stored, { grace, cell, ...expires })
        const about = { resource: 'tokens', clinicId: stored.record.clinic_id, ids: stored.id }
        await leave({ action: 'rotate', ...about })
        return { old: stored.id, ...made }
      })
      const { json, lines } = await shownOnce(rotated.token, rotated.record, await originOf(choice))
      const replaces = { id: rotated.old, expires_at: rotated.expiring.expires_at }
      print(
        {
          json: { ...json, replaces },
          lines: [
            ...lines,
            '',
            `The old one, ${replaces.id}, expires at ${replaces.expires_at}. ${KV_DELAY}`,
          ],
        },
        options,
      )
    })
