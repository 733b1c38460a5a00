import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { somePlans } from './support/fixtures.ts'
import { useWorker, type Clinic } from './support/worker.ts'

const worker = useWorker({ twoIsolates: true })
let clinic: Clinic
beforeAll(async () => {
  await worker.publish(
    somePlans(60, (n) => ({
      carrier: n % 3 === 0 ? 'Solène Santé' : 'Harbor Mutual',
      plan_type: n % 2 === 0 ? 'HMO' : 'PPO',
      active: n % 5 !== 0,
      coverage_details: n === 1 ? { deductible: 0, nested: { visits: [1, 2] } } : { copay: n },
    })),
  )
})
beforeEach(async () => {
  clinic = await worker.clinic()
  // A version of its own, so that no test meets what another left in a cache.
  await worker.publish([])
})

type PlanList = { plans: { id: number; plan_name: string }[]; pagination: Record<string, number> }
const listed = async (query: string): Promise<PlanList> =>
  JSON.parse(await (await clinic.get(`/plans${query}`)).text())

describe('GET /plans', () => {
  it('answers the documented keys in the documented order', async () => {
    const response = await clinic.get('/plans?page_size=1')

    const text = await response.text()
    const [{ created_at }] = JSON.parse(text).plans
    expect(text).toBe(
      `{"plans":[{"id":1,"plan_name":"Plan 1","carrier":"Harbor Mutual","plan_type":"PPO",` +
        `"coverage_details":{"deductible":0,"nested":{"visits":[1,2]}},"active":true,` +
        `"created_at":"${created_at}","updated_at":"${created_at}"}],` +
        `"pagination":{"current_page":1,"total_pages":60,"total_count":60,"per_page":1}}`,
    )
  })

  it.each([
    ['', 60],
    ['?plan_type=PPO', 30],
    ['?plan_type=ppo', 30],
    ['?carrier=HARBOR%20mutual', 40],
    ['?carrier=Sol%C3%A8ne+Sant%C3%A9', 20],
    ['?carrier=SOL%C3%88NE+Sant%C3%A9', 0],
    ['?active=true', 48],
    ['?active=FALSE', 12],
    ['?active=1', 48],
    ['?active=0', 12],
    ['?carrier=harbor+mutual&plan_type=hmo&active=true', 16],
    ['?plan_type=nothing', 0],
    ['?colour=blue&plan_type=PPO', 30],
  ])('matches %j: %i plans', async (query, count) => {
    const { plans, pagination } = await listed(`${query}${query ? '&' : '?'}page_size=100`)

    expect(plans).toHaveLength(count)
    expect(pagination).toMatchObject({ total_count: count })
  })

  it.each([
    ['?active=banana', 'active', 'is not included in the list'],
    ['?active=', 'active', 'is not included in the list'],
    ['?active=true&active=false', 'active', 'is not included in the list'],
    ['?plan_type=', 'plan_type', "can't be blank"],
    ['?plan_type=%20', 'plan_type', "can't be blank"],
    ['?carrier=a&carrier=b', 'carrier', 'is invalid'],
    [`?carrier=${'a'.repeat(256)}`, 'carrier', 'is too long (maximum is 255 characters)'],
  ])('refuses %j', async (query, parameter, message) => {
    const response = await clinic.get(`/plans${query}`)

    expect(response.status).toBe(422)
    expect(await response.json()).toEqual({ errors: { [parameter]: [message] } })
  })

  it('answers from D1 first, then from memory, and from the edge cache in another isolate', async () => {
    const first = await clinic.get('/plans?plan_type=PPO')
    const again = await clinic.get('/plans?plan_type=ppo&page=1')
    const elsewhere = await worker.call('GET', '/plans?plan_type=PPO', {
      token: clinic.token,
      isolate: 'second',
    })

    expect(first.headers.get('X-Cache')).toBe('MISS')
    expect(again.headers.get('X-Cache')).toBe('MEMORY')
    expect(elsewhere.headers.get('X-Cache')).toBe('HIT')
    const body = await first.text()
    expect(await again.text()).toBe(body)
    expect(await elsewhere.text()).toBe(body)
    expect(elsewhere.headers.get('Link')).toBe(first.headers.get('Link'))
  })

  it.each(['/plans', '/plans?page=2', '/plans?plan_type=PPO'])(
    'answers %s to nobody without a token, though it is cached',
    async (path) => {
      await clinic.get(path)

      const response = await worker.call('GET', path)

      expect(response.status).toBe(401)
      expect(response.headers.get('X-Cache')).toBeNull()
    },
  )

  it('never serves its cache under the key itself', async () => {
    const response = await clinic.get('/plans')
    const version = /^"(.*?)\?/.exec(response.headers.get('ETag') ?? '')?.[1]

    const direct = await worker.call('GET', `/plans/${version}?page=1&page_size=25`)
    const withToken = await clinic.get(`/plans/${version}?page=1&page_size=25`)

    expect(direct.status).toBe(401)
    expect(withToken.status).toBe(404)
  })

  it('lets clients keep the list and answers 304 while it is the same', async () => {
    const response = await clinic.get('/plans?page_size=2')
    const etag = response.headers.get('ETag') ?? ''
    expect(etag).toMatch(/^"[^"]+"$/)
    expect(response.headers.get('Cache-Control')).toBe('private, no-cache')

    for (const named of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const revalidated = await clinic.get('/plans?page_size=2', { 'If-None-Match': named })
      expect(revalidated.status).toBe(304)
      expect(revalidated.headers.get('ETag')).toBe(etag)
      expect(await revalidated.text()).toBe('')
    }
    const other = await clinic.get('/plans?page_size=3', { 'If-None-Match': etag })
    expect(other.status).toBe(200)
  })

  it('serves a new catalogue at once, in every isolate', async () => {
    const before = await clinic.get('/plans?page_size=1')
    await worker.call('GET', '/plans?page_size=1', { token: clinic.token, isolate: 'second' })

    await worker.publish(somePlans(1, () => ({ plan_name: 'Renamed', coverage_details: {} })))

    for (const isolate of ['first', 'second'] as const) {
      const response = await worker.call('GET', '/plans?page_size=1', {
        token: clinic.token,
        headers: { 'If-None-Match': before.headers.get('ETag') ?? '' },
        isolate,
      })
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ plans: [{ plan_name: 'Renamed' }] })
    }
    await worker.publish(
      somePlans(1, () => ({ coverage_details: { deductible: 0, nested: { visits: [1, 2] } } })),
    )
  })

  it('answers a full page of the largest plans that an import takes', async () => {
    const name = '😀'.repeat(255)
    const details = { notes: 'x'.repeat(15_000 - '{"notes":""}'.length) }
    await worker.publish(
      somePlans(100, (n) => ({
        external_id: `large ${n}`,
        plan_name: name,
        carrier: `Large ${'é'.repeat(249)}`,
        coverage_details: details,
      })),
    )

    const response = await clinic.get(`/plans?page_size=100&carrier=Large+${'%C3%A9'.repeat(249)}`)

    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ pagination: { total_count: 100 } })
  })

  it.each([null, '{"version":"no bookmark"}', '{"version":"a b","bookmark":"x"}'])(
    'goes round the cache when the version is %s',
    async (record) => {
      if (record === null) await worker.env.TOKENS.delete('catalogue')
      else await worker.env.TOKENS.put('catalogue', record)

      const responses = [await clinic.get('/plans'), await clinic.get('/plans')]

      for (const response of responses) {
        expect(response.status).toBe(200)
        expect(response.headers.get('X-Cache')).toBe('BYPASS')
        expect(response.headers.get('ETag')).toBeNull()
      }
    },
  )

  it('keeps its filters in every link', async () => {
    const response = await clinic.get(
      '/plans?active=TRUE&page=2&page_size=10&carrier=Harbor+Mutual',
    )

    const links = response.headers.get('Link') ?? ''
    expect(links.split(', ').map((link) => link.replace(/^<[^?]*/, ''))).toEqual([
      '?active=true&carrier=harbor+mutual&page=1&page_size=10>; rel="first"',
      '?active=true&carrier=harbor+mutual&page=1&page_size=10>; rel="prev"',
      '?active=true&carrier=harbor+mutual&page=3&page_size=10>; rel="next"',
      '?active=true&carrier=harbor+mutual&page=4&page_size=10>; rel="last"',
    ])
  })
})
