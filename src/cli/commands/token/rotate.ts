import { rotateToken } from '../../../operator/tokens.ts'
import { stateOf } from '../../../tokens/record.ts'
import { cellOf } from '../../environment/cell.ts'
import { checkIssuing } from '../../environment/clinic.ts'
import { onStore } from '../../environment/command.ts'
import { option } from '../../terminal/command.ts'
import { Failure } from '../../terminal/failure.ts'
import { parseDuration, parseLifetime } from '../../terminal/options.ts'
import { findNamed, KV_DELAY, tokenWords } from './named-token.ts'
import { shownOnce } from './create.ts'

export const command = onStore({
  example: 'token rotate 0123456789abcdef --local --grace 2h',
  takes: {
    ...tokenWords,
    grace: option('--grace <duration>', 'how long the old one works (default: 24h)', parseDuration),
    expires: option('--expires <duration>', 'or never (default: like the old one)', parseLifetime),
  },
  async work({ grace = parseDuration('24h'), expires, ...named }, store) {
    const { kv, leave, environment } = store
    const stored = await findNamed(named, store)
    const { id, record } = stored
    await checkIssuing(store, record.clinic_id)
    const state = stateOf(record)
    if (state !== 'live') throw new Failure(`token ${id} is ${state}: create a new one`)

    const { cell } = await cellOf(environment)
    const made = await rotateToken(kv, stored, { grace, cell, ...expires })
    await leave({ action: 'rotate', resource: 'tokens', clinicId: record.clinic_id, ids: id })
    const { json, lines } = await shownOnce(made.token, made.record, environment)
    const replaces = { id, expires_at: made.expiring.expires_at }
    const end = `The old one, ${id}, expires at ${replaces.expires_at}. ${KV_DELAY}`
    return { json: { ...json, replaces }, lines: [...lines, '', end] }
  },
})
