import { listTokens, revokeToken } from '../../../operator/tokens.ts'
import { stateOf } from '../../../tokens/record.ts'
import { checkClinic } from '../../environment/clinic.ts'
import { onStore } from '../../environment/command.ts'
import type { Store } from '../../environment/open.ts'
import { flag, option } from '../../terminal/command.ts'
import { Misuse } from '../../terminal/failure.ts'
import { parseClinic } from '../../terminal/options.ts'
import type { Report } from '../../terminal/report.ts'
import { findNamed, KV_DELAY, tokenWords } from './named-token.ts'

export const command = onStore({
  example: 'token revoke 0123456789abcdef --local',
  takes: {
    ...tokenWords,
    all: flag('--all', 'every token of the --clinic, instead of one'),
    clinic: option('--clinic <id>', 'with --all: whose tokens', parseClinic),
  },
  check({ id, tokenFile, all, clinic }) {
    const isOne = id !== undefined || tokenFile !== undefined
    if (Boolean(all) !== (clinic !== undefined) || (all && isOne)) {
      throw new Misuse('name one token, or say --all with the --clinic')
    }
  },
  async work({ clinic, ...named }, store) {
    if (clinic !== undefined) return await revokeAll(store, clinic)

    const { kv, leave } = store
    const stored = await findNamed(named, store)
    const { id } = stored
    const record = await revokeToken(kv, stored)
    const { clinic_id: clinicId, label } = record
    await leave({ action: 'revoke', resource: 'tokens', clinicId, ids: id })
    return {
      json: { id, ...record, state: stateOf(record) },
      lines: [`Revoked token ${id} of ${clinicId} (${label}).`, KV_DELAY],
    }
  },
})

/** Revokes every token of a clinic that is not revoked yet. */
async function revokeAll(store: Store, clinic: string): Promise<Report> {
  const { kv, leave } = store
  await checkClinic(store, clinic)
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
    lines: [`Revoked ${ids.length} tokens of ${clinic}.`, KV_DELAY],
  }
}
