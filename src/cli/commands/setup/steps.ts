import * as z from 'zod'
import { DEFAULT_LIFETIME, DEFAULT_SCOPES, newRecord } from '../../../tokens/record.ts'
import { KEY_PREFIX, mintToken, tokenKey } from '../../../tokens/token.ts'
import { cellOf } from '../../environment/cell.ts'
import { wranglerFlags, type RemoteEnvironment } from '../../environment/choose.ts'
import { askWrangler, runWrangler } from '../../environment/wrangler.ts'
import type { Report } from '../../terminal/report.ts'
import { shownOnce } from '../token/shown-once.ts'

/** What 45 CFR 164.316 asks for: six years. */
const LOCKED_DAYS = 2192
const RULE = 'six-years'

/** Keeps every object of the trail's bucket from being changed or deleted. */
export async function lockTrail({ file, config }: RemoteEnvironment, place: string | undefined) {
  let outcome = 'exists'
  for (const { bucket_name: name, jurisdiction = place } of config.r2_buckets) {
    const flags = [...(jurisdiction ? ['--jurisdiction', jurisdiction] : []), '--config', file]
    const lock = (verb: string, ...rule: string[]) =>
      runWrangler(['r2', 'bucket', 'lock', verb, name, ...rule, ...flags])
    if ((await lock('list')).includes(RULE)) continue
    await lock('add', RULE, '', '--retention-days', `${LOCKED_DAYS}`, '--force')
    outcome = `nothing sealed can be deleted for ${LOCKED_DAYS} days`
  }
  return outcome
}

/** Issues a token to the clinic, unless one was issued before. */
export async function issueFirstToken(
  environment: RemoteEnvironment,
  clinic: string,
  wantedCell: string | undefined,
): Promise<Report | undefined> {
  const where = ['--binding', 'TOKENS', '--remote', ...wranglerFlags(environment)]
  const list = ['kv', 'key', 'list', '--prefix', KEY_PREFIX, ...where]
  if ((await askWrangler(z.array(z.unknown()), list)).length > 0) return undefined

  const lasting = { scopes: DEFAULT_SCOPES, lifetime: DEFAULT_LIFETIME }
  const record = newRecord({ clinic_id: clinic, label: 'first token', ...lasting })
  const token = mintToken(wantedCell ?? (await cellOf(environment)).cell)
  // The arguments hold nothing that lets anyone in: the token itself is not among them.
  const value = JSON.stringify(record)
  await runWrangler([
    'kv',
    'key',
    'put',
    await tokenKey(token),
    value,
    '--metadata',
    value,
    ...where,
  ])
  return await shownOnce(token, record, environment)
}
