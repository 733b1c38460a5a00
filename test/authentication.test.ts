import { describe, expect, it } from 'vitest'
import { mintToken, withChecksum } from '../src/tokens/token.ts'
import { expectRefusal } from './support/expect.ts'
import { somePlans } from './support/fixtures.ts'
import { useWorker } from './support/worker.ts'

// An hour is more than is allowed: ten seconds is what it comes to.
const worker = useWorker({
  instrumented: true,
  twoIsolates: true,
  vars: { TOKEN_MEMORY_SECONDS: '3600' },
})

const UNAUTHORIZED = 'You are not authorized to perform this action.'

/** The status, and how often KV was asked, of a request at that time, in milliseconds. */
async function ask(token: string, at = Date.now(), path = '/dependents', more: object = {}) {
  const headers = { 'x-test-now': String(at) }
  const answer = await worker.call('GET', path, { token, headers, ...more })
  return { status: answer.status, kv: Number(answer.headers.get('x-test-kv')) }
}

const NOON = Date.UTC(2030, 0, 1, 12)
/** Ten minutes later, when the isolate has forgotten what it read at noon. */
const TEN_PAST = NOON + 10 * 60 * 1000
const revoked_at = new Date().toISOString()

describe('a token', () => {
  it.each([
    ['GET', '/nothing-here'],
    ['DELETE', '/plans'],
  ])('is asked for before %s %s is found not to be there', async (method, path) => {
    const response = await worker.call(method, path)

    await expectRefusal(response, 401, UNAUTHORIZED)
  })

  const wellFormed = withChecksum(`clinic_${'0'.repeat(43)}`)
  const lastDigit = wellFormed.endsWith('0') ? '1' : '0'
  it.each([
    ['is empty', ''],
    ['is a word', 'your_token_here'],
    ['has a wrong checksum', wellFormed.slice(0, -1) + lastDigit],
    ['has a mistyped digit', wellFormed.replace('_0', '_1')],
    ['has more behind it', `${wellFormed}0`],
  ])('that %s is 401, and costs no read', async (_, token) => {
    const response = await worker.call('GET', '/plans', { token })

    await expectRefusal(response, 401, UNAUTHORIZED)
    expect(response.headers.get('x-test-kv')).toBe('0')
    expect(response.headers.get('x-test-d1')).toBe('0')
  })

  it.each([
    ['was revoked', { revoked_at }],
    ['is kept under a malformed record', { clinic_id: 'Not A Clinic' }],
  ])('that %s is 401', async (_, record) => {
    const token = await worker.token({ clinic_id: 'riverside', ...record })

    const response = await worker.call('GET', '/dependents', { token })

    await expectRefusal(response, 401, UNAUTHORIZED)
  })

  it('lets in until it expires', async () => {
    const expires_at = new Date(NOON).toISOString()
    const token = await worker.token({ clinic_id: 'riverside', expires_at })

    expect(await ask(token, NOON - 1)).toEqual({ status: 200, kv: 1 })
    expect(await ask(token, NOON)).toMatchObject({ status: 401 })
  })

  it('is stored as its hash, and nothing that could be replayed', async () => {
    const token = await worker.token({ clinic_id: 'riverside' })

    const { keys } = await worker.env.TOKENS.list()
    const values = await Promise.all(keys.map(({ name }) => worker.env.TOKENS.get(name)))

    expect(keys.length).toBeGreaterThan(0)
    expect(JSON.stringify([keys, values])).not.toContain(token.slice(7, 50))
  })
})

describe('an isolate that may remember tokens', () => {
  it('asks KV once for a token, and once for the catalogue beside it', async () => {
    await worker.publish(somePlans(2))
    const token = await worker.token({ clinic_id: 'riverside' })

    expect(await ask(token, NOON)).toEqual({ status: 200, kv: 1 })
    expect(await ask(token, NOON, '/person_informations')).toEqual({ status: 200, kv: 0 })
    expect(await ask(token, NOON, '/plans')).toEqual({ status: 200, kv: 1 })
    expect(await ask(token, NOON, '/plans?page=2')).toEqual({ status: 200, kv: 0 })
    expect(await ask(token, NOON, '/dependents', { isolate: 'second' })).toMatchObject({ kv: 1 })
  })

  it('reads the list of suspended clinics once in ten seconds, not once for each token', async () => {
    const keysAt = async (at: number) => {
      const token = await worker.token({ clinic_id: 'riverside' })
      const headers = { 'x-test-now': String(at) }
      const answer = await worker.call('GET', '/dependents', { token, headers })
      return answer.headers.get('x-test-kvkeys')
    }

    expect(await keysAt(TEN_PAST)).toBe('2')
    expect(await keysAt(TEN_PAST + 9_999)).toBe('1')
    expect(await keysAt(TEN_PAST + 10_000)).toBe('2')
  })

  it('refuses a revoked token after ten seconds, whatever the variable says', async () => {
    const token = await worker.token({ clinic_id: 'riverside' })
    await ask(token, NOON)

    await worker.issue(token, { clinic_id: 'riverside', revoked_at })

    expect(await ask(token, NOON + 9_999)).toEqual({ status: 200, kv: 0 })
    expect(await ask(token, NOON + 10_000)).toEqual({ status: 401, kv: 1 })
  })

  it('asks KV once in ten seconds for a token that is unknown or revoked', async () => {
    for (const token of [mintToken(), await worker.token({ clinic_id: 'riverside', revoked_at })]) {
      expect(await ask(token, NOON)).toEqual({ status: 401, kv: 1 })
      expect(await ask(token, NOON + 9_999)).toEqual({ status: 401, kv: 0 })
      expect(await ask(token, NOON + 10_000)).toEqual({ status: 401, kv: 1 })
    }
  })

  it('lets in, ten seconds later, a token that was sent before it was issued', async () => {
    const early = mintToken()
    await ask(early, NOON)

    await worker.issue(early, { clinic_id: 'riverside' })

    expect(await ask(early, NOON + 10_000)).toEqual({ status: 200, kv: 1 })
  })

  it('does not remember that there is no catalogue', async () => {
    await worker.env.TOKENS.delete('catalogue')
    const token = await worker.token({ clinic_id: 'riverside' })

    expect(await ask(token, TEN_PAST, '/plans')).toEqual({ status: 200, kv: 1 })
    expect(await ask(token, TEN_PAST, '/plans')).toEqual({ status: 200, kv: 1 })
  })

  it('goes by the clock when a token expires that it remembers', async () => {
    const expires_at = new Date(NOON + 3000).toISOString()
    const token = await worker.token({ clinic_id: 'riverside', expires_at })
    await ask(token, NOON)

    // Without a look at KV: had it been for that, the record would have been read again.
    expect(await ask(token, NOON + 2999)).toEqual({ status: 200, kv: 0 })
    expect(await ask(token, NOON + 3000)).toEqual({ status: 401, kv: 0 })
  })

  it('heeds the scopes of a token that it remembers', async () => {
    const token = await worker.token({ clinic_id: 'riverside', scopes: ['insurances:read'] })
    await ask(token, NOON)

    const refused = await worker.call('POST', '/dependents', {
      ...{ token, body: {} },
      headers: { 'x-test-now': String(NOON) },
    })

    expect(refused.status).toBe(403)
    expect(refused.headers.get('x-test-kv')).toBe('0')
  })
})
