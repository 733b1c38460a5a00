import { Option, type Command } from '@commander-js/extra-typings'
import { DEFAULT_LIFETIME, DEFAULT_SCOPES, newRecord } from '../../../tokens/record.ts'
import { putToken } from '../../../operator/tokens.ts'
import { mintToken, tokenIdOf, tokenKey } from '../../../tokens/token.ts'
import { cellOf } from '../../environment/cell.ts'
import { chooseStore, onStore } from '../../environment/choice.ts'
import { checkClinic } from '../../environment/clinic.ts'
import { withStore } from '../../environment/open.ts'
import { originOf } from '../../environment/origin.ts'
import {
  example,
  parseCell,
  parseClinic,
  parseLifetime,
  parseLabel,
  parseScopes,
} from '../../terminal/options.ts'
import { Failure } from '../../terminal/failure.ts'
import { print } from '../../terminal/report.ts'
import { shownOnce } from './shown-once.ts'

export const define = (command: Command) =>
  onStore(command)
    .requiredOption('--clinic <id>', 'the clinic that it belongs to', parseClinic)
    .requiredOption('--label <text>', 'what it is for, such as "front desk"', parseLabel)
    .option('--scopes <a,b>', `what it may do (default: ${DEFAULT_SCOPES.join(',')})`, parseScopes)
    .addOption(
      new Option('--expires <duration>', 'how long it lives, such as 90d or 12h, or never')
        .argParser(parseLifetime)
        .default(DEFAULT_LIFETIME, '90d'),
    )
    .option('--cell <name>', 'the cell that it says (default: that of the store)', parseCell)
    .addHelpText(...example('token create --local --clinic riverside --label "front desk"'))
    .action(async ({ clinic, label, scopes = DEFAULT_SCOPES, expires, cell, ...options }) => {
      const choice = await chooseStore(options)
      const token = mintToken(cell ?? (await cellOf(choice)).cell)
      const record = newRecord({ clinic_id: clinic, label, scopes, lifetime: expires })
      await withStore(choice, async ({ db, kv, leave }) => {
        const { state } = await checkClinic(db, choice, clinic)
        if (state === 'moved') throw new Failure(`${clinic} has moved: create its token there`)
        await putToken(kv, token, record)
        const ids = tokenIdOf(await tokenKey(token))
        await leave({ action: 'create', resource: 'tokens', clinicId: clinic, ids })
      })
      print(await shownOnce(token, record, await originOf(choice)), options)
    })
