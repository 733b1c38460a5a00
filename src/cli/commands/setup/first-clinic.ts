import { createClinicText } from '../../../clinics/queries.ts'
import { DEFAULT_LIFETIME, DEFAULT_SCOPES, newRecord } from '../../../tokens/record.ts'
import { KEY_PREFIX, mintToken, tokenKey } from '../../../tokens/token.ts'
import { cellOf } from '../../environment/cell.ts'
import { wranglerFlags, type RemoteEnvironment } from '../../environment/choose.ts'
import { deployed } from '../../environment/wrangler-toml.ts'
import { askWrangler, runWrangler } from '../../environment/wrangler.ts'
import { shellWords } from '../../terminal/report.ts'
import { shownOnce } from '../token/shown-once.ts'
import type { Run, Step, Wanted } from './steps.ts'

export function createFirstClinic(environment: RemoteEnvironment, { clinic }: Wanted): Step {
  const name = environment.config.d1_databases[0]?.database_name ?? ''
  const execute = ['d1', 'execute', name, '--remote', '--yes', ...wranglerFlags(environment)]
  const args = clinic ? [...execute, '--command', createClinicText(clinic)] : []
  return {
    title: 'first clinic',
    plan: clinic ? [`npx wrangler ${shellWords(args)}`] : ['none: no --clinic was given'],
    async run() {
      if (!clinic) return 'none, as no --clinic was given: `create` adds one'
      await runWrangler(args)
      return clinic
    },
  }
}

export function issueFirstToken(
  environment: RemoteEnvironment,
  { clinic, label, cell }: Wanted,
  run: Run,
): Step {
  const where = ['--binding', 'TOKENS', '--remote', ...wranglerFlags(environment)]
  const list = ['kv', 'key', 'list', '--prefix', KEY_PREFIX, ...where]
  return {
    title: 'first token',
    plan: clinic
      ? [
          `npx wrangler ${shellWords(list)}`,
          `npx wrangler kv key put ${KEY_PREFIX}… ${shellWords(where)}   # unless one is listed`,
        ]
      : ['none: no --clinic was given'],
    async run() {
      if (!clinic) return 'none, as no --clinic was given: `token create` issues one'
      const tokens = await askWrangler(list)
      if (Array.isArray(tokens) && tokens.length > 0) return 'exists'
      const record = newRecord({
        clinic_id: clinic,
        label,
        scopes: DEFAULT_SCOPES,
        lifetime: DEFAULT_LIFETIME,
      })
      const token = mintToken(cell ?? (await cellOf(environment)).cell)
      // The arguments hold nothing that lets anyone in: the token itself is not among them.
      const [key, value] = [await tokenKey(token), JSON.stringify(record)]
      await runWrangler(['kv', 'key', 'put', key, value, '--metadata', value, ...where])
      run.token = await shownOnce(token, record, run.origin ?? deployed(environment.config).origin)
      return `issued to ${clinic}, expires ${record.expires_at?.slice(0, 10)}`
    },
  }
}
