import { writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { DEFAULT_SCOPES, newRecord, SCOPES, type TokenRecord } from '../../src/tokens/record.ts'
import { listTokens, putToken, revokeToken, rotateToken } from '../../src/operator/tokens.ts'
import { isWellFormedToken, mintToken, tokenIdOf, tokenKey } from '../../src/tokens/token.ts'
import { CONFIG } from '../support/project.ts'
import { run, runJson, useServedStore } from './command.ts'

const served = useServedStore()

const DAY = 24 * 60 * 60 * 1000

/** A token that is stored already, and its id. */
async function stored(clinic = 'riverside') {
  const token = await served.worker.token(clinic)
  return { token, id: tokenIdOf(await tokenKey(token)) }
}
const statusOf = async (token: string) => (await served.worker.call('/plans', token)).status

describe('token create', () => {
  it('issues a token that the Worker lets in, and shows it with a curl to try it', async () => {
    const { status, stdout, stderr } = await run([
      ...['token', 'create', '--clinic', 'riverside', '--label', 'front desk'],
      ...served.store.flags,
    ])

    expect(status).toBe(0)
    expect(stderr).toBe('')
    const [token = ''] = /clinic_\w+/.exec(stdout) ?? []
    expect(isWellFormedToken(token)).toBe(true)
    expect(await statusOf(token)).toBe(200)
    // The token stands there once: the curl asks for it, so that no history keeps it.
    expect(stdout.split(token)).toHaveLength(2)
    expect(stdout).toContain(`read -rs T; curl -H "X-User-Token: $T" 'http`)
  })

  it('issues what is asked for: scopes, which the Worker keeps to, and an end', async () => {
    const made = await runJson([
      ...['token', 'create', '--clinic', 'riverside', '--label', 'desk', ...served.store.flags],
      ...['--scopes', 'plans:read', '--expires', '90d'],
    ])

    const token = String(made['token'])
    expect(made).toMatchObject({ clinic_id: 'riverside', label: 'desk', scopes: ['plans:read'] })
    const lives = Date.parse(String(made['expires_at'])) - Date.parse(String(made['created_at']))
    expect(lives).toBe(90 * DAY)
    expect(await statusOf(token)).toBe(200)
    expect((await served.worker.call('/dependents', token)).status).toBe(403)
  })

  it.each([
    [['--clinic', 'River Side', '--label', 'x'], 'Use 1 to 64 of a-z, 0-9, _ and -.'],
    [['--clinic', 'riverside', '--label', ' '], 'Use 1 to 100 characters.'],
    [['--clinic', 'riverside', '--label', '\u001b[2J'], 'Use 1 to 100 characters.'],
    [['--clinic', 'riverside', '--label', 'x'.repeat(101)], 'Use 1 to 100 characters.'],
    [['--clinic', 'x'.repeat(65), '--label', 'x'], 'Use 1 to 64 of a-z, 0-9, _ and -.'],
    [['--clinic', 'riverside', '--label', 'x', '--scopes', 'all'], 'Use one or more of'],
    [
      ['--clinic', 'riverside', '--label', 'x', '--expires', '1e3'],
      'Use a number and s, m, h or d',
    ],
    [['--clinic', 'riverside'], "required option '--label <text>'"],
  ])('refuses %j', async (args, message) => {
    const { status, stdout, stderr } = await run([
      'token',
      'create',
      ...args,
      ...served.store.flags,
    ])

    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(message)
  })
})

describe('token list', () => {
  it('tells all of each token but its secret, also of one that another tool has put', async () => {
    const { token, id } = await stored()
    const foreign = {
      clinic_id: 'lakeside',
      label: 'put without metadata',
      scopes: ['plans:read'],
      created_at: '2026-01-01T00:00:00.000Z',
      expires_at: '2026-02-01T00:00:00.000Z',
      revoked_at: null,
    }
    await served.worker.env.TOKENS.put(`token:${'ab'.repeat(32)}`, JSON.stringify(foreign))

    const { tokens } = await runJson(['token', 'list', ...served.store.flags])
    const { stdout } = await run(['token', 'list', '--clinic', 'lakeside', ...served.store.flags])

    expect(tokens).toContainEqual(expect.objectContaining({ id, label: 'test', state: 'live' }))
    expect(tokens).toContainEqual({ id: 'ab'.repeat(8), ...foreign, state: 'expired' })
    expect(JSON.stringify(tokens)).not.toContain(token)
    expect(stdout).toContain('put without metadata')
    expect(stdout).not.toContain('riverside')
  })

  it('goes on behind the first page that KV gives', async () => {
    const { TOKENS } = served.worker.env
    await Promise.all([stored(), stored(), stored()])
    const onePerPage = new Proxy(TOKENS, {
      get: (kv, name) =>
        name === 'list'
          ? (options: KVNamespaceListOptions) => kv.list({ ...options, limit: 1 })
          : Reflect.get(kv, name),
    })

    const [all, found] = [await listTokens(TOKENS), await listTokens(onePerPage)]

    expect(all.length).toBeGreaterThan(2)
    expect(found).toEqual(all)
  })
})

describe('token revoke', () => {
  it('keeps the token out at once, by its id, and leaves others of its clinic alone', async () => {
    const [{ token, id }, other] = [await stored(), await stored()]
    expect(await statusOf(token)).toBe(200)

    const { status, stdout } = await run(['token', 'revoke', id, ...served.store.flags])
    const rotated = await run(['token', 'rotate', id, ...served.store.flags])

    expect(status).toBe(0)
    expect(stdout).toContain('up to 70 seconds')
    expect(await statusOf(token)).toBe(401)
    expect(await statusOf(other.token)).toBe(200)
    expect(rotated.status).toBe(1)
    expect(rotated.stderr).toContain('is revoked: create a new one')
  })

  it('of a token that was revoked before leaves the time of that', async () => {
    const { id } = await stored()
    const kv = served.worker.env.TOKENS
    const revoke = async (at: number) => {
      const [found] = await listTokens(kv, id)
      return found && (await revokeToken(kv, found, at)).revoked_at
    }

    const first = await revoke(Date.parse('2026-11-01'))

    expect(first).toBe('2026-11-01T00:00:00.000Z')
    expect(await revoke(Date.parse('2026-11-02'))).toBe(first)
  })

  it('takes a leaked token from a file, and never as an argument', async () => {
    const { token, id } = await stored()
    await writeFile(served.store.file('leaked'), `${token}\n`)

    const refused = await run(['token', 'revoke', token, ...served.store.flags])
    const revoked = await runJson(
      ['token', 'revoke', '--token-file', served.store.file('leaked')].concat(served.store.flags),
    )

    expect(refused.status).toBe(2)
    expect(refused.stderr).not.toContain(token)
    expect(revoked).toMatchObject({ id, state: 'revoked' })
    expect(await statusOf(token)).toBe(401)
  })

  it.each([
    [['0123456789abcdef'], 1, 'no such token'],
    [['--token-file', CONFIG], 1, 'that is not a token'],
    [[], 2, 'say which token'],
  ])('refuses %j', async (args, status, message) => {
    const refused = await run(['token', 'revoke', ...args, ...served.store.flags])

    expect(refused.status).toBe(status)
    expect(refused.stderr).toContain(message)
  })
})

describe('token rotate', () => {
  it('issues one like it and lets the old one live on for the grace period', async () => {
    const { token, id } = await stored('lakeside')

    const rotated = await runJson(['token', 'rotate', id, '--grace', '2h', ...served.store.flags])

    expect(rotated).toMatchObject({ clinic_id: 'lakeside', label: 'test', scopes: SCOPES })
    const { id: oldId, expires_at } = Object(rotated['replaces'])
    expect(oldId).toBe(id)
    expect(Math.abs(Date.parse(expires_at) - Date.now() - DAY / 12)).toBeLessThan(60_000)
    expect(await statusOf(String(rotated['token']))).toBe(200)
    expect(await statusOf(token)).toBe(200)
  })

  const now = Date.parse('2026-11-01T00:00:00.000Z')
  const HOUR = DAY / 24
  /** How long a record lets in from a time on, in milliseconds. */
  const lifeOf = ({ expires_at }: TokenRecord, from: number) =>
    expires_at === null ? null : Date.parse(expires_at) - from

  it.each([
    ['a month', 30 * DAY],
    ['for ever', undefined],
  ])('gives each replacement the life of the original: %s', async (_, lifetime) => {
    const kv = served.worker.env.TOKENS
    const token = mintToken()
    const scopes = DEFAULT_SCOPES
    const made = newRecord({ clinic_id: 'lakeside', label: 'desk', scopes, lifetime }, now)
    await putToken(kv, token, made)
    const rotate = async (secret: string, grace: number, at: number) => {
      const [stored] = await listTokens(kv, tokenIdOf(await tokenKey(secret)))
      if (!stored) throw new Error('the token is not stored')
      return await rotateToken(kv, stored, { grace }, at)
    }

    const first = await rotate(token, 24 * HOUR, now + HOUR)
    const second = await rotate(token, 48 * HOUR, now + 2 * HOUR)
    const ofSecond = await rotate(second.token, HOUR, now + 3 * HOUR)

    expect(lifeOf(first.record, now + HOUR)).toBe(lifetime ?? null)
    expect(lifeOf(second.record, now + 2 * HOUR)).toBe(lifetime ?? null)
    expect(lifeOf(ofSecond.record, now + 3 * HOUR)).toBe(lifetime ?? null)
    // The grace that was given first is not made longer by another.
    expect(lifeOf(first.expiring, now)).toBe(25 * HOUR)
    expect(lifeOf(second.expiring, now)).toBe(25 * HOUR)
    expect(Object.keys(second.record)).not.toContain('planned_expires_at')
  })

  it.each(['2026-11-01T01:00:00.000Z', '2026-11-01T01:00:00Z'])(
    'never makes a token live longer that ends at %s',
    async (expires_at) => {
      const record = {
        ...newRecord({ clinic_id: 'lakeside', label: 'x', scopes: [] }, now),
        expires_at,
      }
      const stored = { key: `token:${'cd'.repeat(32)}`, id: 'cd'.repeat(8), record }

      const { expiring } = await rotateToken(
        served.worker.env.TOKENS,
        stored,
        { grace: HOUR + 500 },
        now,
      )

      expect(lifeOf(expiring, now)).toBe(HOUR)
    },
  )
})
