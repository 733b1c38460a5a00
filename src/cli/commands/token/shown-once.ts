import { BASE_PATH } from '../../../http/base-path.ts'
import type { TokenRecord } from '../../../tokens/record.ts'
import { tokenIdOf, tokenKey } from '../../../tokens/token.ts'
import type { Environment } from '../../environment/choose.ts'
import { originOf } from '../../environment/origin.ts'
import type { Report } from '../../terminal/report.ts'

/** Shows a new token, with a command line that tries it. */
export async function shownOnce(
  token: string,
  record: TokenRecord,
  environment: Environment,
): Promise<Report> {
  const origin = (await originOf(environment)) ?? 'https://YOUR-WORKER.workers.dev'
  const id = tokenIdOf(await tokenKey(token))
  const curl = `read -rs T; curl -H "X-User-Token: $T" '${origin}${BASE_PATH}/plans?page_size=2'`
  const expiry = record.expires_at ? `expires ${record.expires_at}` : 'does not expire'
  return {
    json: { token, id, ...record, curl },
    lines: [
      `The token of ${record.clinic_id} (${record.label}), which is not shown again:`,
      '',
      `  ${token}`,
      '',
      `id ${id} · scopes ${record.scopes.join(', ')} · ${expiry}`,
      '',
      'To try it, run this line and paste the token, which then stays out of the history:',
      '',
      `  ${curl}`,
    ],
  }
}
