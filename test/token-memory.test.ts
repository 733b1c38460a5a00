import { describe, expect, it } from 'vitest'
import { mintToken } from '../src/tokens/token.ts'
import { somePlans } from './support/fixtures.ts'
import { useWorker } from './support/worker.ts'

// More than is allowed: ten seconds is what it comes to.
const worker = useWorker({
  instrumented: true,
  twoIsolates: true,
  vars: { TOKEN_MEMORY_SECONDS: '3600' },
})

/** The status, and how often KV was asked for it. */
async function ask(token: string, path = '/dependents', more: object = {}) {
  const { status, headers } = await worker.call('GET', path, { token, ...more })
  return { status, kv: Number(headers.get('x-test-kv')) }
}
const LET_IN = { status: 200, kv: 0 }
const revoked_at = new Date().toISOString()

// Ten seconds can pass between two requests where the machine stalls; a test starts over with a token of its own.
describe('an isolate that may remember tokens', { retry: 2 }, () => {
  it('asks KV once for a token, and once for the catalogue beside it', async () => {
    await worker.publish(somePlans(2))
    const token = await worker.token({ clinic_id: 'riverside' })

    expect(await ask(token)).toEqual({ status: 200, kv: 1 })
    expect(await ask(token, '/person_informations')).toEqual(LET_IN)
    expect(await ask(token, '/plans')).toEqual({ status: 200, kv: 1 })
    expect(await ask(token, '/plans?page=2')).toEqual(LET_IN)
    expect(await ask(token, '/dependents', { isolate: 'second' })).toMatchObject({ kv: 1 })
  })

  it(
    'refuses a revoked token after ten seconds, whatever the variable says',
    { timeout: 90_000 },
    async () => {
      const token = await worker.token({ clinic_id: 'riverside' })
      await ask(token)

      await worker.issue(token, { clinic_id: 'riverside', revoked_at })

      // Well before the hour that the variable asks for.
      await expect
        .poll(() => ask(token), { timeout: 60_000, interval: 250 })
        .toEqual({ status: 401, kv: 1 })
    },
  )

  it('remembers nothing that is absent or refused', async () => {
    const unknown = mintToken()
    const revoked = await worker.token({ clinic_id: 'riverside', revoked_at })
    expect(await ask(unknown)).toEqual({ status: 401, kv: 1 })
    expect(await ask(revoked)).toEqual({ status: 401, kv: 1 })

    await worker.issue(unknown, { clinic_id: 'riverside' })
    await worker.issue(revoked, { clinic_id: 'riverside' })

    expect(await ask(unknown)).toEqual({ status: 200, kv: 1 })
    expect(await ask(revoked)).toEqual({ status: 200, kv: 1 })
  })

  it('goes by the clock when a token expires that it remembers', async () => {
    const expires_at = new Date(Date.now() + 3000).toISOString()
    const token = await worker.token({ clinic_id: 'riverside', expires_at })
    expect((await ask(token)).status).toBe(200)

    // Without a look at KV: had it been for that, the record would have been read again.
    await expect.poll(() => ask(token), { timeout: 9000 }).toEqual({ status: 401, kv: 0 })
  })

  it('heeds the scopes of a token that it remembers', async () => {
    const token = await worker.token({ clinic_id: 'riverside', scopes: ['insurances:read'] })
    await ask(token)

    const refused = await worker.call('POST', '/dependents', { token, body: {} })

    expect(refused.status).toBe(403)
  })
})
