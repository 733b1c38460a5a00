import { listTokens, revokeToken } from '../../../operator/tokens.ts'
import { stateOf } from '../../../tokens/record.ts'
import { checkClinic } from '../../environment/clinic.ts'
import { onStore } from '../../environment/command.ts'
import { flag, option } from '../../terminal/command.ts'
import { Misuse } from '../../terminal/failure.ts'
import { parseClinic } from '../../terminal/options.ts'
import { findNamed, KV_DELAY, tokenWords } from './named-token.ts'

export const command = onStore({
  example: 'token revoke 0123456789abcdef --local',
  takes: {
    ...tokenWords,
    all: flag('--all', 'every token of the --clinic, instead of one'),
    clinic: option('--clinic <id>', 'with --all: the clinic', parseClinic),
  },
  check({ id, tokenFile, all, clinic }) {
    const isOne = id !== undefined || tokenFile !== undefined
    if (Boolean(all) !== (clinic !== undefined) || (all && isOne)) {
      throw new Misuse('name one token, or say --all with the --clinic')
    }
  },
  async work({ clinic, ...named }, store) {
    const { kv, leave } = store
    if (clinic) await checkClinic(store, clinic)
    const tokens = clinic ? await listTokens(kv) : [await findNamed(named, store)]
    const revoked = []
    const lines: string[] = []
    for (const stored of tokens) {
      const { id, record: before } = stored
      if (clinic && (before.clinic_id !== clinic || before.revoked_at !== null)) continue
      const record = await revokeToken(kv, stored)
      await leave({ action: 'revoke', resource: 'tokens', clinicId: record.clinic_id, ids: id })
      revoked.push({ id, ...record, state: stateOf(record) })
      lines.push(`Revoked token ${id} of ${record.clinic_id} (${record.label}).`)
    }
    lines.push(`${revoked.length} revoked. ${KV_DELAY}`)
    const json = clinic ? { clinic, revoked: revoked.map(({ id }) => id) } : { ...revoked[0] }
    return { json, lines }
  },
})
