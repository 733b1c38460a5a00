import { listTokens } from '../../../operator/tokens.ts'
import { isEnding, SCOPES, stateOf } from '../../../tokens/record.ts'
import { onStore } from '../../environment/command.ts'
import { option } from '../../terminal/command.ts'
import { parseClinic } from '../../terminal/options.ts'
import { table } from '../../terminal/report.ts'

/** A list fits 80 columns: a letter for each scope, and long names cut. With --json nothing is cut. */
const LETTERS = {
  'insurances:read': 'r',
  'insurances:write': 'w',
  'plans:read': 'p',
  'ownables:write': 'o',
}
const KEY = SCOPES.map((scope) => `${LETTERS[scope]} ${scope}`).join(' · ')

const shortened = (text: string, length: number) =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text

export const command = onStore({
  example: 'token list --local --clinic riverside',
  takes: { clinic: option('--clinic <id>', 'only the tokens of this clinic', parseClinic) },
  async work({ clinic }, { kv, leave }) {
    await leave({ action: 'list', resource: 'tokens' })
    const tokens = (await listTokens(kv))
      .filter(({ record }) => clinic === undefined || record.clinic_id === clinic)
      .map(({ id, record }) => ({ id, ...record, state: stateOf(record) }))
      .sort((a, b) => a.created_at.localeCompare(b.created_at))
    const rows = tokens.map((token) => [
      token.id,
      shortened(token.clinic_id, 16),
      shortened(token.label, 16),
      SCOPES.map((scope) => (token.scopes.includes(scope) ? LETTERS[scope] : '-')).join(''),
      token.expires_at?.slice(0, 10) ?? 'never',
      token.state,
    ])
    const heading = ['id', 'clinic', 'label', 'may', 'expires', 'state']
    const ending = tokens.filter((token) => isEnding(token)).map(({ id }) => id)
    const lines = [
      ...(rows.length === 0 ? ['There are no tokens.'] : [...table(heading, rows), '', KEY]),
      ...(ending.length > 0
        ? ['', `These expire within two weeks; rotate them: ${ending.join(', ')}`]
        : []),
    ]
    return { json: { tokens }, lines }
  },
})
