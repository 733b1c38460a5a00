import type { Command } from '@commander-js/extra-typings'
import { DEFAULT_SCOPES, newRecord } from '../../../tokens/record.ts'
import { putToken } from '../../../tokens/store.ts'
import { mintToken } from '../../../tokens/token.ts'
import { chooseStore, onStore } from '../../store/choice.ts'
import { withStore } from '../../store/open.ts'
import { originOf } from '../../store/origin.ts'
import {
  example,
  parseClinic,
  parseDuration,
  parseLabel,
  parseScopes,
} from '../../terminal/options.ts'
import { print } from '../../terminal/report.ts'
import { shownOnce } from './shown-once.ts'

export const define = (command: Command) =>
  onStore(command)
    .requiredOption('--clinic <id>', 'the clinic that it belongs to', parseClinic)
    .requiredOption('--label <text>', 'what it is for, such as "front desk"', parseLabel)
    .option('--scopes <a,b>', `what it may do (default: ${DEFAULT_SCOPES.join(',')})`, parseScopes)
    .option(
      '--expires <duration>',
      'how long it lives, such as 90d, 12h or 30m (default: for ever)',
      parseDuration,
    )
    .addHelpText(...example('token create --local --clinic riverside --label "front desk"'))
    .action(async ({ clinic, label, scopes = DEFAULT_SCOPES, expires, ...options }) => {
      const choice = await chooseStore(options)
      const token = mintToken()
      const record = newRecord({ clinic_id: clinic, label, scopes, lifetime: expires })
      await withStore(choice, ({ kv }) => putToken(kv, token, record))
      print(await shownOnce(token, record, await originOf(choice)), options)
    })
