import type { Command } from '@commander-js/extra-typings'
import { stateOf } from '../../../tokens/record.ts'
import { listTokens } from '../../../tokens/store.ts'
import { chooseStore, onStore } from '../../store/choice.ts'
import { withStore } from '../../store/open.ts'
import { example, parseClinic } from '../../terminal/options.ts'
import { print, table } from '../../terminal/report.ts'

export const define = (command: Command) =>
  onStore(command)
    .option('--clinic <id>', 'only the tokens of this clinic', parseClinic)
    .addHelpText(...example('token list --local --clinic riverside'))
    .action(async ({ clinic, ...options }) => {
      const choice = await chooseStore(options)
      const stored = await withStore(choice, ({ kv }) => listTokens(kv))
      const tokens = stored
        .filter(({ record }) => clinic === undefined || record.clinic_id === clinic)
        .map(({ id, record }) => ({ id, ...record, state: stateOf(record) }))
        .sort((a, b) => a.created_at.localeCompare(b.created_at))
      const rows = tokens.map((token) => [
        token.id,
        token.clinic_id,
        token.label,
        token.scopes.join(','),
        token.created_at.slice(0, 10),
        token.expires_at?.slice(0, 16).replace('T', ' ') ?? 'never',
        token.state,
      ])
      const heading = ['id', 'clinic', 'label', 'scopes', 'created', 'expires', 'state']
      const lines = rows.length === 0 ? ['There are no tokens.'] : table(heading, rows)
      print({ json: { tokens }, lines }, options)
    })
