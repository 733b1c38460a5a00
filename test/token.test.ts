import { describe, expect, it } from 'vitest'
import { expectRefusal } from './support/expect.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()

describe('GET /token', () => {
  it('answers what the token says, whatever its scopes', async () => {
    const { clinicId } = await worker.clinic()
    const expires_at = inDays(90)
    const record = { clinic_id: clinicId, label: 'front desk', scopes: [], expires_at }
    const token = await worker.token(record)

    const answer = await worker.call('GET', '/token', { token })

    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({
      clinic: clinicId,
      label: 'front desk',
      scopes: [],
      expires_at,
    })
    expect(await worker.eventOf(answer)).toBeNull()
  })

  it('takes no parameters', async () => {
    const { get } = await worker.clinic()

    const errors = { clinic: ['is not a known parameter'] }
    await expectRefusal(await get('/token?clinic=x'), 422, errors)
  })
})

describe('X-Token-Expires', () => {
  it.each([
    ['/token', 200],
    ['/plans', 200],
    ['/dependents/999', 404],
    ['/dependents?page=0', 422],
    ['/nothing', 404],
  ])('comes in the last 14 days with every answer: %s', async (path, status) => {
    const { clinicId } = await worker.clinic()
    const [soon, later, never] = await Promise.all(
      [inDays(13.9), inDays(14.1), null].map((expires_at) =>
        worker.token({ clinic_id: clinicId, expires_at }),
      ),
    )
    const ask = async (token = '') => {
      const answer = await worker.call('GET', path, { token })
      expect(answer.status).toBe(status)
      return answer.headers.get('X-Token-Expires')
    }

    expect(Date.parse((await ask(soon)) ?? '') - Date.now()).toBeLessThan(14 * 86_400_000)
    expect(await ask(later)).toBeNull()
    expect(await ask(never)).toBeNull()
  })

  it('comes with no refusal of a token', async () => {
    const { clinicId } = await worker.clinic()
    const token = await worker.token({ clinic_id: clinicId, expires_at: inDays(-1) })

    const refused = await worker.call('GET', '/token', { token })

    expect(refused.status).toBe(401)
    expect(refused.headers.get('X-Token-Expires')).toBeNull()
  })
})
