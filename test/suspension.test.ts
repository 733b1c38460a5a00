import { describe, expect, it } from 'vitest'
import { setClinicState } from '../src/clinics/queries.ts'
import {
  listTokens,
  moveTokens,
  revokeToken,
  rotateToken,
  setSuspended,
} from '../src/operator/tokens.ts'
import { databaseOf } from '../src/storage/session.ts'
import { stateOf } from '../src/tokens/record.ts'
import { tokenIdOf, tokenKey } from '../src/tokens/token.ts'
import { expectRefusal } from './support/expect.ts'
import { aDependent } from './support/fixtures.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker({ instrumented: true })

const SUSPENDED = 'Your clinic is suspended; ask the operator of this API'
const setState = (clinicId: string, state: 'open' | 'suspended') =>
  setClinicState(databaseOf(worker.env, 'first-primary'), clinicId, state)

describe('a suspended clinic', () => {
  const READS: [string, string, object?][] = [
    ['GET', '/dependents'],
    ['GET', '/dependents/1'],
    ['GET', '/dependents/1/history'],
    ['GET', '/changes'],
    ['POST', '/dependents/search', { search: { last_name: 'q' } }],
  ]
  const WRITES = (patient: number): [string, string, object?][] => [
    ['POST', '/dependents', aDependent(patient)],
    ['PATCH', '/dependents/1', { dependent: { first_name: 'Ana' } }],
    ['DELETE', '/dependents/1'],
    ['PUT', `/ownables/Patient/${patient}`],
  ]

  it('is read and written by nobody, at once, with tokens made before or since', async () => {
    const clinic = await worker.clinic()
    const patient = await clinic.ownable()
    await clinic.post('/dependents', aDependent(patient))
    await setState(clinic.clinicId, 'suspended')
    const since = await worker.token({ clinic_id: clinic.clinicId })

    for (const token of [clinic.token, since]) {
      for (const [method, path, body] of [...READS, ...WRITES(patient)]) {
        const options = { token, headers: { 'x-test-settled': 'yes' }, ...(body && { body }) }
        const answer = await worker.call(method, path, options)
        await expectRefusal(answer, 403, SUSPENDED)
        expect(await worker.eventOf(answer)).toMatchObject({
          ...{ clinic_id: clinic.clinicId, status: 403 },
          token_id: tokenIdOf(await tokenKey(token)),
        })
      }
    }
  })

  it('is asked for in the round trip that a read makes anyway', async () => {
    const clinic = await worker.clinic()
    for (const [method, path, body] of READS) {
      const answer = await worker.call(method, path, {
        ...{ token: clinic.token, ...(body && { body }) },
      })
      expect([path, answer.headers.get('x-test-d1')]).toEqual([path, '1'])
    }
  })

  it('stays out where D1 was set back to a time before, and of plans too', async () => {
    const clinic = await worker.clinic()
    await setSuspended(worker.env.TOKENS, clinic.clinicId, true)
    const other = await worker.clinic()
    await setSuspended(worker.env.TOKENS, other.clinicId, true)
    await setSuspended(worker.env.TOKENS, other.clinicId, false)

    for (const path of ['/dependents', '/plans', '/plans/facets']) {
      await expectRefusal(await clinic.get(path), 403, SUSPENDED)
      expect((await other.get(path)).status).toBe(200)
    }
    await expectRefusal(await clinic.put('/ownables/Patient/1'), 403, SUSPENDED)
  })

  it('is let in again as it was once it is open', async () => {
    const clinic = await worker.clinic()
    await setState(clinic.clinicId, 'suspended')
    await setState(clinic.clinicId, 'open')

    expect((await clinic.get('/dependents')).status).toBe(200)
  })
})

/** Puts into KV by `put`, and does the rest as KV does. */
const putting = (kv: KVNamespace, put: (key: string, value: string) => Promise<void>) =>
  new Proxy(kv, { get: (of, name) => (name === 'put' ? put : Reflect.get(of, name)) })

describe('the record of a token', () => {
  /** As a command read it before another command revoked it. */
  async function readBeforeRevoked() {
    const { clinicId, token } = await worker.clinic()
    const kv = worker.env.TOKENS
    const [early] = await listTokens(kv, tokenIdOf(await tokenKey(token)))
    const [again] = await listTokens(kv, tokenIdOf(await tokenKey(token)))
    if (!early || !again) throw new Error('the token is not listed')
    await revokeToken(kv, again)
    const stateNow = async () => {
      const [now] = await listTokens(kv, early.id)
      return now && stateOf(now.record)
    }
    return { clinicId, early, kv, stateNow }
  }

  it('stays revoked when the token is rotated by who read it before', async () => {
    const { early, kv, stateNow } = await readBeforeRevoked()

    await rotateToken(kv, early, { grace: 1000 })

    expect(await stateNow()).toBe('revoked')
  })

  it('keeps the time of the first of two revocations', async () => {
    const { early, kv } = await readBeforeRevoked()
    const first = await revokeToken(kv, early)
    const second = await revokeToken(kv, early, Date.now() + 60_000)

    expect(second.revoked_at).toBe(first.revoked_at)
  })

  it('lets in at one of two cells at least, wherever its move is cut short', async () => {
    const { clinicId, token } = await worker.clinic()
    await worker.token({ clinic_id: clinicId })
    const [key, kv, there] = [await tokenKey(token), worker.env.TOKENS, new Map<string, string>()]
    const isHeld = (text: string | null | undefined) => Boolean(text && !JSON.parse(text).moved_to)

    let died = true
    for (let last = 0; died; last++) {
      let puts = 0
      const dying = (put: (key: string, value: string) => unknown) =>
        putting(kv, async (to, value) => {
          if (puts++ === last) throw new Error('died')
          await put(to, value)
        })
      const source = dying((to, value) => kv.put(to, value))
      const target = dying((to, value) => there.set(to, value))
      died = await moveTokens(source, target, clinicId, 'eu').then(
        () => false,
        () => true,
      )
      expect(isHeld(await kv.get(key)) || isHeld(there.get(key))).toBe(true)
    }
    expect(there.size).toBe(2)
  })

  it('that was revoked, or is while it moves, is taken to another cell so', async () => {
    const { clinicId, early, kv } = await readBeforeRevoked()
    const late = await worker.token({ clinic_id: clinicId })
    const [found] = await listTokens(kv, tokenIdOf(await tokenKey(late)))
    const there = new Map<string, string>()
    const target = putting(kv, async (key, value) => {
      there.set(key, value)
      if (found) await revokeToken(kv, found)
    })

    await moveTokens(kv, target, clinicId, 'eu')

    for (const key of [early.key, found?.key ?? '']) {
      expect(JSON.parse(there.get(key) ?? '{}')).toMatchObject({ revoked_at: expect.any(String) })
    }
  })
})
