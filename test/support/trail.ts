import fc from 'fast-check'
import { expect, it } from 'vitest'
import { trailOf } from '../../src/operator/trail/events.ts'
import { databaseOf } from '../../src/storage/session.ts'
import { RESOURCES } from './resources.ts'
import type { Answer, TestWorker } from './worker.ts'

/** Sends so many requests at random, and compares those that touched personal data with the trail. */
export function trailEqualsRequests(worker: TestWorker, requests: number) {
  it(`equals the requests that touched PHI, in ${requests} at random`, async () => {
    const [ours, theirs] = [await worker.clinic(), await worker.clinic()]
    const registered = await ours.put('/ownables/Patient/1')
    await theirs.ownable('Patient', 2)
    const weak = await worker.token({ clinic_id: ours.clinicId, scopes: [] })
    const request =
      (method: string, path: string, body?: unknown, token = ours.token) =>
      () =>
        worker.call(method, path, {
          ...{ token, headers: { 'x-test-settled': 'yes' } },
          ...(body !== undefined && { body }),
        })
    const touching = RESOURCES.flatMap(({ name, owner: { filter }, aRecord }) => [
      request('GET', `/${name}?page_size=2`),
      request('GET', `/${name}?${filter}=1&page_size=3&page=2`),
      request('GET', `/${name}/1`),
      request('GET', `/${name}/987654321`),
      request('POST', `/${name}`, aRecord(1)),
      request('GET', `/${name}`, undefined, weak),
      request('POST', `/${name}`, {}, weak),
      request('POST', `/${name}`, aRecord(2)),
    ]).concat(
      request('PUT', '/ownables/Patient/3'),
      request('PUT', '/ownables/Patient/3', undefined, weak),
    )
    const others = RESOURCES.flatMap(({ name, owner: { filter } }) => [
      request('POST', `/${name}`, {}),
      request('GET', `/${name}?${filter}=x`),
      request('PATCH', `/${name}`, {}),
      request('GET', `/${name}`, undefined, 'no token'),
    ]).concat(request('GET', '/plans'))
    const [sequence = []] = fc.sample(
      fc.array(fc.constantFrom(...touching, ...others), {
        minLength: requests,
        maxLength: requests,
      }),
      { numRuns: 1, seed: 1049 },
    )

    const requestId = ({ headers }: Answer) => headers.get('X-Request-Id')
    const expected = [requestId(registered)]
    for (const send of sequence) {
      const response = await send()
      if (touching.includes(send)) expected.push(requestId(response))
    }

    const told: string[] = []
    const db = databaseOf(worker.env, 'first-primary')
    for await (const event of trailOf(db, worker.env.TRAIL, ours.clinicId, '')) {
      told.push(event.request_id)
    }
    expect(told.sort()).toEqual(expected.sort())
  })
}
