import { describe, expect, it } from 'vitest'
import { trailOf } from '../src/operator/trail/events.ts'
import { databaseOf } from '../src/storage/session.ts'
import { dependents } from '../src/resources/dependent.ts'
import { aboutPatient, isAbout } from '../src/operator/trail/about.ts'
import { repairer } from '../src/operator/records/repair.ts'
import { tokenIdOf, tokenKey } from '../src/tokens/token.ts'
import { aDependent } from './support/fixtures.ts'
import { nextMillisecond, whoSawEqualsModel } from './support/saw.ts'
import { trailEqualsRequests } from './support/trail.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker({ instrumented: true })

const settled = { 'x-test-settled': 'yes' }

describe('the audit trail', () => {
  it('says who, when and in which clinic', async () => {
    const clinic = await worker.clinic()

    const event = await worker.eventOf(await clinic.get('/dependents', settled))

    expect(event).toMatchObject({
      clinic_id: clinic.clinicId,
      token_id: tokenIdOf(await tokenKey(clinic.token)),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    })
  })

  it('has HEAD, which tells whether a record is there', async () => {
    const clinic = await worker.clinic()

    const answer = await worker.call('HEAD', '/dependents', {
      ...{ token: clinic.token, headers: settled },
    })

    expect(await worker.eventOf(answer)).toMatchObject({ resource: 'dependents', status: 200 })
  })

  it('names the ownable that was registered', async () => {
    const clinic = await worker.clinic()

    const event = await worker.eventOf(await clinic.put('/ownables/Patient/7'))

    expect(event).toMatchObject({ action: 'register', resource: 'ownables', ids: '7' })
  })

  it('names no record where a token lacked the scope', async () => {
    const token = await worker.token({ clinic_id: 'riverside', scopes: ['plans:read'] })

    const response = await worker.call('GET', '/dependents/5', { token, headers: settled })

    expect(await worker.eventOf(response)).toMatchObject({ status: 403, ids: '' })
  })

  it('of a read goes to the log, in full, if storage would not take it, and only then', async () => {
    const clinic = await worker.clinic()
    const stored = { 'x-test-d1': 'ok,after,before', ...settled }
    const refused = { 'x-test-d1': 'ok,before,before,before', ...settled }

    const first = await clinic.get('/dependents', stored)
    const response = await clinic.get('/dependents', refused)

    expect(response.status).toBe(200)
    const [storedId, requestId] = [first, response].map(({ headers }) =>
      headers.get('X-Request-Id'),
    )
    expect(JSON.parse(await worker.logLine(`"requestId":"${requestId}"`))).toMatchObject({
      code: 'accessNotStored',
      access: { requestId, action: 'list', resource: 'dependents', status: 200 },
    })
    // The log is in order, so that it would stand there by now.
    expect(JSON.stringify(worker.logs())).not.toContain(`\\"requestId\\":\\"${storedId}`)
    expect(await worker.eventOf(first)).toMatchObject({ action: 'list', status: 200 })
    expect(await worker.eventOf(response)).toBeNull()
  })

  it('has no word of what is malformed, and touches nothing', async () => {
    const clinic = await worker.clinic()

    for (const response of [
      await clinic.get('/nothing', settled),
      await clinic.get('/dependents?page=0', settled),
      await clinic.post('/dependents', '{', settled),
    ]) {
      expect(response.status).toBeGreaterThanOrEqual(400)
      expect(await worker.eventOf(response)).toBeNull()
    }
  })

  it('names for a patient what showed a record while it was theirs, and no refusal', async () => {
    const clinic = await worker.clinic()
    const { clinicId, token } = clinic
    const [first, second] = [await clinic.ownable(), await clinic.ownable()]
    const db = databaseOf(worker.env, 'first-primary')
    const made = [await clinic.post('/dependents', aDependent(first))]
    const read = async () => made.push(await clinic.get('/dependents/1', settled))
    await read()
    await nextMillisecond()
    const requestId = crypto.randomUUID()
    const deed = { clinicId, id: 1, tokenId: 'operator', requestId, now: new Date().toISOString() }
    await repairer(dependents).reassign(db, deed, { type: 'Patient', id: second }, 1, {})
    await nextMillisecond()
    await read()
    made.push(await worker.call('DELETE', '/dependents/1', { token }))
    await clinic.get('/dependents/1', settled)

    const sawOf = async (patient: number) => {
      const about = await aboutPatient(db, clinicId, patient)
      const seen = []
      for await (const event of trailOf(db, undefined, clinicId, '')) {
        if (isAbout(about, event)) seen.push(event.request_id)
      }
      return seen
    }

    const [created, readBefore, readAfter, removed] = made.map(({ headers }) =>
      headers.get('X-Request-Id'),
    )
    expect(await sawOf(first)).toEqual([created, readBefore, requestId])
    expect(await sawOf(second)).toEqual([requestId, readAfter, removed])
  })

  trailEqualsRequests(worker, 100)
  whoSawEqualsModel(worker, 150)
})
