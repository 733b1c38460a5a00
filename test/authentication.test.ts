import { describe, expect, it } from 'vitest'
import { withChecksum } from '../src/tokens/token.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker({ instrumented: true })

const SENTENCE = '{"errors":"You are not authorized to perform this action."}'
describe('a request without a good token', () => {
  it.each([
    ['GET', '/nothing-here'],
    ['DELETE', '/plans'],
  ])('is 401 before it is known what is at %s %s', async (method, path) => {
    const response = await worker.call(method, path)

    expect(response.status).toBe(401)
    expect(await response.text()).toBe(SENTENCE)
  })

  const wellFormed = withChecksum(`clinic_${'0'.repeat(43)}`)
  it.each([
    ['an empty token', '', 0],
    ['a word', 'your_token_here', 0],
    ['a wrong checksum', `${wellFormed.slice(0, -1)}!`, 0],
    ['a mistyped digit', wellFormed.replace('_0', '_1'), 0],
    ['more behind it', `${wellFormed}0`, 0],
    ['a token that was never issued', wellFormed, 1],
  ])('is 401 for %s, after %#: that many reads', async (_, token, reads) => {
    const response = await worker.call('GET', '/plans', { token })

    expect(response.status).toBe(401)
    expect(await response.text()).toBe(SENTENCE)
    expect(response.headers.get('x-test-kv')).toBe(String(reads))
    expect(response.headers.get('x-test-d1')).toBe('0')
  })

  it.each([
    ['an expired token', { expires_at: new Date(Date.now() - 1000).toISOString() }],
    ['a revoked token', { revoked_at: new Date().toISOString() }],
    ['a record that is not one', { clinic_id: 'Not A Clinic' }],
  ])('is 401 for %s', async (_, record) => {
    const token = await worker.token({ clinic_id: 'riverside', ...record })

    const response = await worker.call('GET', '/person_informations', { token })

    expect(response.status).toBe(401)
    expect(await response.text()).toBe(SENTENCE)
  })

  it('is let in until the token expires', async () => {
    const token = await worker.token({
      clinic_id: 'riverside',
      expires_at: new Date(Date.now() + 60_000).toISOString(),
    })

    const response = await worker.call('GET', '/person_informations', { token })

    expect(response.status).toBe(200)
  })
})

describe('what is stored of a token', () => {
  it('is its hash and nothing that could be replayed', async () => {
    const token = await worker.token({ clinic_id: 'riverside' })

    const { keys } = await worker.env.TOKENS.list()
    const values = await Promise.all(keys.map(({ name }) => worker.env.TOKENS.get(name)))

    expect(keys.length).toBeGreaterThan(0)
    expect(JSON.stringify([keys, values])).not.toContain(token.slice(7, 50))
  })
})
