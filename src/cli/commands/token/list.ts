import { listTokens } from '../../../operator/tokens.ts'
import { isEnding, stateOf } from '../../../tokens/record.ts'
import { onStore } from '../../environment/command.ts'
import { option } from '../../terminal/command.ts'
import { parseClinic } from '../../terminal/options.ts'
import { table } from '../../terminal/report.ts'

export const command = onStore({
  example: 'token list --local --clinic riverside',
  takes: { clinic: option('--clinic <id>', 'only the tokens of this clinic', parseClinic) },
  async work({ clinic }, { kv, leave }) {
    await leave({ action: 'list', resource: 'tokens' })
    const tokens = (await listTokens(kv))
      .filter(({ record }) => clinic === undefined || record.clinic_id === clinic)
      .map(({ id, record }) => ({ id, ...record, state: stateOf(record) }))
      .sort((a, b) => a.created_at.localeCompare(b.created_at))
    const rows = tokens.map(({ id, clinic_id, state, expires_at, scopes, label }) => [
      ...[id, clinic_id, state, expires_at?.slice(0, 10) ?? 'never', scopes.join(), label],
    ])
    const heading = ['id', 'clinic', 'state', 'expires', 'scopes', 'label']
    const lines = rows.length === 0 ? ['There are no tokens.'] : table(heading, rows)
    const ending = tokens.filter((token) => isEnding(token)).map(({ id }) => id)
    const notice = `These expire within two weeks; rotate them: ${ending.join(', ')}`
    if (ending.length > 0) lines.push('', notice)
    return { json: { tokens }, lines }
  },
})
