import { BASE_PATH } from '../../../http/base-path.ts'
import { putToken } from '../../../operator/tokens.ts'
import { DEFAULT_LIFETIME, DEFAULT_SCOPES, newRecord } from '../../../tokens/record.ts'
import type { TokenRecord } from '../../../tokens/record.ts'
import { mintToken, tokenIdOf, tokenKey } from '../../../tokens/token.ts'
import { cellOf } from '../../environment/cell.ts'
import type { Environment } from '../../environment/choose.ts'
import { checkIssuing } from '../../environment/clinic.ts'
import { onStore } from '../../environment/command.ts'
import { originOf } from '../../environment/origin.ts'
import { option, required } from '../../terminal/command.ts'
import {
  clinicOption,
  parseCell,
  parseLabel,
  parseLifetime,
  parseScopes,
} from '../../terminal/options.ts'

export const command = onStore({
  example: 'token create --local --clinic riverside --label "front desk"',
  takes: {
    clinic: clinicOption,
    label: required('--label <text>', 'what it is for, such as "front desk"', parseLabel),
    scopes: option('--scopes <a,b>', `its scopes (default: ${DEFAULT_SCOPES.join()})`, parseScopes),
    expires: option('--expires <duration>', 'such as 12h, or never (default: 90d)', parseLifetime),
    cell: option('--cell <name>', 'the cell that it names (default: that of the store)', parseCell),
  },
  async work({ clinic, label, scopes = DEFAULT_SCOPES, expires, cell }, store) {
    const { kv, leave, environment } = store
    await checkIssuing(store, clinic)
    const token = mintToken(cell ?? (await cellOf(environment)).cell)
    const wanted = { clinic_id: clinic, label, scopes, lifetime: DEFAULT_LIFETIME, ...expires }
    const record = newRecord(wanted)
    await putToken(kv, token, record)
    const shown = await shownOnce(token, record, environment)
    await leave({ action: 'create', resource: 'tokens', clinicId: clinic, ids: shown.json.id })
    return shown
  },
})

/** Shows a new token, with a command line that tries it. */
export async function shownOnce(token: string, record: TokenRecord, environment: Environment) {
  const origin = (await originOf(environment)) ?? 'https://YOUR-WORKER.workers.dev'
  const id = tokenIdOf(await tokenKey(token))
  const curl = `read -rs T; curl -H "X-User-Token: $T" '${origin}${BASE_PATH}/plans?page_size=2'`
  const expiry = record.expires_at ? `expires ${record.expires_at}` : 'does not expire'
  const lines = [
    `The token of ${record.clinic_id} (${record.label}), which is not shown again:`,
    '',
    `  ${token}`,
    '',
    `id ${id} · scopes ${record.scopes.join(', ')} · ${expiry}`,
    '',
    'To try it, run this line and paste the token, which then stays out of the history:',
    '',
    `  ${curl}`,
  ]
  return { json: { token, id, ...record, curl }, lines }
}
