import { putToken } from '../../../operator/tokens.ts'
import { DEFAULT_LIFETIME, DEFAULT_SCOPES, newRecord } from '../../../tokens/record.ts'
import { mintToken, tokenIdOf, tokenKey } from '../../../tokens/token.ts'
import { cellOf } from '../../environment/cell.ts'
import { checkIssuing } from '../../environment/clinic.ts'
import { onStore } from '../../environment/command.ts'
import { option, required } from '../../terminal/command.ts'
import {
  clinicOption,
  parseCell,
  parseLabel,
  parseLifetime,
  parseScopes,
} from '../../terminal/options.ts'
import { shownOnce } from './shown-once.ts'

export const command = onStore({
  example: 'token create --local --clinic riverside --label "front desk"',
  takes: {
    clinic: clinicOption,
    label: required('--label <text>', 'what it is for, such as "front desk"', parseLabel),
    scopes: option(
      '--scopes <a,b>',
      `what it may do (default: ${DEFAULT_SCOPES.join(',')})`,
      parseScopes,
    ),
    expires: option(
      '--expires <duration>',
      'how long it lives, such as 12h, or never (default: 90d)',
      parseLifetime,
    ),
    cell: option('--cell <name>', 'the cell that it names (default: that of the store)', parseCell),
  },
  async work({ clinic, label, scopes = DEFAULT_SCOPES, expires, cell }, store) {
    const { kv, leave, environment } = store
    await checkIssuing(store, clinic)
    const token = mintToken(cell ?? (await cellOf(environment)).cell)
    const { lifetime } = expires ?? { lifetime: DEFAULT_LIFETIME }
    const record = newRecord({ clinic_id: clinic, label, scopes, lifetime })
    await putToken(kv, token, record)
    const ids = tokenIdOf(await tokenKey(token))
    await leave({ action: 'create', resource: 'tokens', clinicId: clinic, ids })
    return await shownOnce(token, record, environment)
  },
})
