import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isWellFormedToken } from '../../src/tokens/token.ts'
import { makeStore, run, runJson, serve, type TestStore } from './command.ts'

let store: TestStore
let worker: Awaited<ReturnType<typeof serve>>
beforeAll(async () => {
  store = await makeStore()
  worker = await serve(store)
})
afterAll(async () => {
  await worker.close()
  await store.remove()
})

const create = async (...more: string[]) => {
  const made = await runJson(
    ['token', 'create', '--clinic', 'riverside', '--label', 'desk', ...more].concat(store.flags),
  )
  return { token: String(made['token']), id: String(made['id']), made }
}
const statusOf = async (token: string) => (await worker.call('/plans', token)).status

describe('token create', () => {
  it('issues a token that the Worker lets in, and shows it with a curl to try it', async () => {
    const { status, stdout, stderr } = await run([
      ...['token', 'create', '--clinic', 'riverside', '--label', 'front desk'],
      ...store.flags,
    ])

    expect(status).toBe(0)
    expect(stderr).toBe('')
    const [token = ''] = /clinic_\w+/.exec(stdout) ?? []
    expect(isWellFormedToken(token)).toBe(true)
    expect(await statusOf(token)).toBe(200)
    // The token stands there once: the curl asks for it, so that no history keeps it.
    expect(stdout.split(token)).toHaveLength(2)
    expect(stdout).toMatch(/read -rs T; curl -H "X-User-Token: \$T" 'http/)
  })

  it('issues what is asked for: scopes and an end', async () => {
    const { made } = await create('--scopes', 'plans:read', '--expires', '90d')

    expect(made['scopes']).toEqual(['plans:read'])
    const lives = Date.parse(String(made['expires_at'])) - Date.parse(String(made['created_at']))
    expect(lives).toBe(90 * 24 * 60 * 60 * 1000)
  })

  it('lets an expired token in no more', async () => {
    const lasting = await create('--expires', '1d')
    const { token } = await create('--expires', '1s')

    await expect.poll(() => statusOf(token), { timeout: 20_000, interval: 250 }).toBe(401)
    expect(await statusOf(lasting.token)).toBe(200)
  })

  it.each([
    [['--clinic', 'River Side', '--label', 'x'], '--clinic: use 1 to 64 of a-z, 0-9, _ and -'],
    [['--clinic', 'riverside', '--label', ' '], '--label: use 1 to 100 characters'],
    [['--clinic', 'riverside', '--label', '\u001b[2J'], '--label: use 1 to 100 characters'],
    [['--clinic', 'riverside', '--label', 'x', '--scopes', 'all'], '--scopes: use one or more of'],
    [['--clinic', 'riverside', '--label', 'x', '--expires', '1e3'], '--expires: use a number'],
    [['--clinic', 'riverside'], "required option '--label <text>'"],
  ])('refuses %j', async (args, message) => {
    const { status, stdout, stderr } = await run(['token', 'create', ...args, ...store.flags])

    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(message)
  })
})

describe('token list', () => {
  it('tells of each token all but the secret, those put by others too', async () => {
    const { token, id } = await create()
    const foreign = {
      clinic_id: 'lakeside',
      label: 'put without metadata',
      scopes: ['plans:read'],
      created_at: '2026-01-01T00:00:00.000Z',
      expires_at: '2026-02-01T00:00:00.000Z',
      revoked_at: null,
    }
    await worker.env.TOKENS.put(`token:${'ab'.repeat(32)}`, JSON.stringify(foreign))

    const { tokens } = await runJson(['token', 'list', ...store.flags])
    const { stdout } = await run(['token', 'list', '--clinic', 'lakeside', ...store.flags])

    expect(tokens).toContainEqual(expect.objectContaining({ id, label: 'desk', state: 'live' }))
    expect(tokens).toContainEqual({ id: 'ab'.repeat(8), ...foreign, state: 'expired' })
    expect(JSON.stringify(tokens)).not.toContain(token)
    expect(stdout).toContain('put without metadata')
    expect(stdout).not.toContain('riverside')
    expect(stdout).not.toContain('\u001b')
  })
})

describe('token revoke', () => {
  it('keeps the token out at once, by its id', async () => {
    const { token, id } = await create()
    expect(await statusOf(token)).toBe(200)

    const { status, stdout } = await run(['token', 'revoke', id, ...store.flags])

    expect(status).toBe(0)
    expect(stdout).toContain('up to a minute')
    expect(await statusOf(token)).toBe(401)
    const { tokens } = await runJson(['token', 'list', ...store.flags])
    expect(tokens).toContainEqual(expect.objectContaining({ id, state: 'revoked' }))
  })

  it('takes a leaked token itself from stdin, and never as an argument', async () => {
    const { token, id } = await create()

    const refused = await run(['token', 'revoke', token, ...store.flags])
    const revoked = await runJson(['token', 'revoke', '--token-file', '-', ...store.flags], {
      input: `${token}\n`,
    })

    expect(refused.status).toBe(2)
    expect(refused.stderr).not.toContain(token)
    expect(revoked).toMatchObject({ id, state: 'revoked' })
    expect(await statusOf(token)).toBe(401)
  })

  it.each([
    [['0123456789abcdef'], 1, 'no such token'],
    [[], 2, 'say which token'],
  ])('refuses %j', async (args, status, message) => {
    const refused = await run(['token', 'revoke', ...args, ...store.flags])

    expect(refused.status).toBe(status)
    expect(refused.stderr).toContain(message)
  })
})

describe('token rotate', () => {
  it('issues one like it and lets the old one live on for the grace period', async () => {
    const { token, id } = await create('--scopes', 'plans:read', '--expires', '30d')

    const rotated = await runJson(['token', 'rotate', id, '--grace', '3s', ...store.flags])

    expect(rotated).toMatchObject({ clinic_id: 'riverside', label: 'desk', scopes: ['plans:read'] })
    expect(rotated['replaces']).toMatchObject({ id })
    expect(await statusOf(String(rotated['token']))).toBe(200)
    await expect.poll(() => statusOf(token), { timeout: 20_000, interval: 250 }).toBe(401)
    expect(await statusOf(String(rotated['token']))).toBe(200)
  })

  it('refuses a revoked one', async () => {
    const { id } = await create()
    await run(['token', 'revoke', id, ...store.flags])

    const { status, stderr } = await run(['token', 'rotate', id, ...store.flags])

    expect(status).toBe(1)
    expect(stderr).toContain('is revoked: create a new one')
  })
})
