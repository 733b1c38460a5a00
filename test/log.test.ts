import { describe, expect, it } from 'vitest'
import { VERSION } from '../src/http/version.ts'
import { mintToken } from '../src/tokens/token.ts'
import { API, useWorker } from './support/worker.ts'

const worker = useWorker()

/** The log's line about the request that was answered so. */
const lineOf = async ({ headers }: { headers: { get(name: string): string | null } }) =>
  JSON.parse((await worker.logLine(String(headers.get('X-Request-Id')))) ?? '{}')

const YESTERDAY = new Date(Date.now() - 86_400_000).toISOString()

describe('the log', () => {
  it.each([
    ['missing', async () => ''],
    ['malformed', async () => 'clinic_x'],
    ['unknown', async () => mintToken()],
    ['expired', () => worker.token({ clinic_id: 'c', expires_at: YESTERDAY })],
    ['revoked', () => worker.token({ clinic_id: 'c', revoked_at: YESTERDAY })],
  ])('says that the token of a 401 was %s, and shows nothing of it', async (refused, make) => {
    const token = await make()
    const answer = await worker.fetch(`${API}/plans`, {
      headers: token ? { 'X-User-Token': token } : {},
    })

    const line = await lineOf(answer)

    expect(answer.status).toBe(401)
    expect(line).toMatchObject({ status: 401, refused })
    if (token) expect(JSON.stringify(line)).not.toContain(token)
  })

  it('says when, by which version, and from which tier of the cache', async () => {
    await worker.publish()
    const { get } = await worker.clinic()

    const [first, second] = [await lineOf(await get('/plans')), await lineOf(await get('/plans'))]

    expect(first).toMatchObject({ status: 200, cache: 'MISS' })
    expect(first.version).toMatch(new RegExp(`^${VERSION}\\+[0-9a-f]{7}`))
    expect(Math.abs(Date.parse(first.time) - Date.now())).toBeLessThan(60_000)
    expect(second).toMatchObject({ cache: 'MEMORY' })
  })

  it('says the route of a request by id, and not the id', async () => {
    const { get, put } = await worker.clinic()

    const read = await lineOf(await get('/dependents/7041704170417'))
    const written = await lineOf(await put('/ownables/Patient/7041704170417'))

    expect(read.route).toBe(`${API}/dependents/:id`)
    expect(written.route).toMatch(/^\/v1\/clinic\/insurances\/ownables\/:\w+\/:\w+$/)
    expect(JSON.stringify([read, written])).not.toContain('7041704170417')
  })

  it('names a request by an id of our own, whatever the client sends', async () => {
    const { get } = await worker.clinic()

    const answer = await get('/dependents', { 'X-Request-Id': 'Ana' })

    expect(answer.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(await lineOf(answer)).toMatchObject({ status: 200 })
  })

  it('says what the sweep did', async () => {
    await worker.sweep()

    const line = JSON.parse((await worker.logLine('swept')) ?? '{}')

    expect(line).toMatchObject({ level: 'info', code: 'swept', keys: expect.any(Number) })
    expect(line).toHaveProperty('duration_ms')
  })
})
