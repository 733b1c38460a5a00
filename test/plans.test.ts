import { beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { openSession } from '../src/storage/session.ts'
import { foldCase, foldName } from '../src/fields/fold.ts'
import { publishPlans } from '../src/operator/publish-plans.ts'
import { plan, planList } from '../src/plans/schema.ts'
import { expectRefusal } from './support/expect.ts'
import { somePlans } from './support/fixtures.ts'
import { API, useWorker, type Clinic } from './support/worker.ts'

const worker = useWorker({ instrumented: true, twoIsolates: true })
let clinic: Clinic
beforeEach(async () => {
  clinic = await worker.clinic()
})

/** Sixty plans that differ in all that there is to filter by. */
const SIXTY = somePlans(60, (n) => ({
  carrier: n % 3 === 0 ? 'Solène Santé' : 'Harbor Mutual',
  plan_type: n % 2 === 0 ? 'HMO' : 'PPO',
  active: n % 5 !== 0,
}))

describe('GET /plans', () => {
  it('answers the documented keys in the documented order', async () => {
    const coverage_details = { deductible: 0, nested: { visits: [1, 2] } }
    await worker.publish(somePlans(2, () => ({ coverage_details })))

    const response = await clinic.get('/plans?page_size=1')

    const text = await response.text()
    const [{ id, created_at }] = JSON.parse(text).plans
    expect(text).toBe(
      `{"plans":[{"id":${id},"plan_name":"Plan 1","carrier":"Harbor Mutual","plan_type":"PPO",` +
        `"coverage_details":{"deductible":0,"nested":{"visits":[1,2]}},"active":true,` +
        `"created_at":"${created_at}","updated_at":"${created_at}"}],` +
        `"pagination":{"current_page":1,"total_pages":2,"total_count":2,"per_page":1}}`,
    )
  })

  it.each([
    ['', 60],
    ['plan_type=PPO', 30],
    ['plan_type=ppo', 30],
    ['carrier=HARBOR%20mutual', 40],
    ['carrier=Sol%C3%A8ne+Sant%C3%A9', 20],
    ['carrier=SOL%C3%88NE+Sant%C3%A9', 20],
    ['carrier=sole%CC%80ne+sante%CC%81', 20],
    ['active=true', 48],
    ['active=FALSE', 12],
    ['active=1', 48],
    ['active=0', 12],
    ['carrier=harbor+mutual&plan_type=hmo&active=true', 16],
    ['plan_type=nothing', 0],
  ])('finds with ?%s %i of 60 plans', async (query, count) => {
    await worker.publish(SIXTY)

    const response = await clinic.get(`/plans?${query}&page_size=100`)

    const { plans, pagination } = JSON.parse(await response.text())
    expect(plans).toHaveLength(count)
    expect(pagination.total_count).toBe(count)
  })

  it.each([
    ['active=', 'active', 'must be one of true, false, 1, 0'],
    ['active=true&active=false', 'active', 'is repeated; send it once'],
    ['plan_type=', 'plan_type', "can't be blank"],
    ['plan_type=%20', 'plan_type', "can't be blank"],
    ['carrier=a&carrier=b', 'carrier', 'is repeated; send it once'],
  ])('refuses ?%s', async (query, parameter, message) => {
    const response = await clinic.get(`/plans?${query}`)

    await expectRefusal(response, 422, { [parameter]: [message] })
  })

  it.each([
    'banana',
    'yes',
    'no',
    'on',
    'off',
    'y',
    'n',
    'enabled',
    'disabled',
    '2',
    '-1',
    'true%20',
  ])('refuses ?active=%s', async (flag) => {
    const response = await clinic.get(`/plans?active=${flag}`)

    await expectRefusal(response, 422, { active: ['must be one of true, false, 1, 0'] })
  })

  it.each([
    ['plan_type', 255],
    ['carrier', 255],
    ['search', 100],
  ])('takes a %s of %d characters, and no longer one', async (parameter, longest) => {
    const taken = await clinic.get(`/plans?${parameter}=${'a'.repeat(longest)}`)
    const refused = await clinic.get(`/plans?${parameter}=${'a'.repeat(longest + 1)}`)

    expect(taken.status).toBe(200)
    const message = `is too long (maximum is ${longest} characters)`
    await expectRefusal(refused, 422, { [parameter]: [message] })
  })

  it.each([
    ['external_id=${ID}', 1],
    ['external_id=${ID}&sort_by=carrier&sort_dir=desc', 1],
    ['external_id=${ID}&active=true&plan_type=ppo&carrier=HARBOR+mutual', 1],
    ['external_id=${ID}&search=plan', 1],
    ['external_id=${ID}&search=nothing', 0],
    ['external_id=${ID}&active=false', 0],
    ['external_id=${ID}x', 0],
    ['external_id=${id}', 0],
  ])('finds with ?%s %i plan by the id of the operator, as it is spelled', async (query, count) => {
    const plans = somePlans(3)
    await worker.publish(plans)
    const ID = plans[1]?.external_id ?? ''
    const asked = query.replace('${ID}', ID).replace('${id}', ID.toLowerCase())

    const first = await clinic.get(`/plans?${asked}`)
    const again = await clinic.get(`/plans?${asked}`)

    const { plans: found, pagination } = JSON.parse(await first.text())
    expect(found.map((each: object) => Object.keys(each))).toEqual(
      Array(count).fill(Object.keys(plan.shape)),
    )
    expect(pagination.total_count).toBe(count)
    expect(first.headers.get('X-Cache')).toBe('MISS')
    expect(again.headers.get('X-Cache')).toBe('MEMORY')
    const pastTheEnd = await clinic.get(`/plans?${asked}&page=2`)
    expect(await pastTheEnd.json()).toMatchObject({ plans: [], pagination: { total_count: count } })
  })

  it('tells carriers apart by letters, and not by the case of a sharp s', async () => {
    const carriers = ['GROẞE KASSE AG', 'Große Kasse AG', 'ΚΩΣΤΑΣ', 'Kasse']
    await worker.publish(somePlans(4, (n) => ({ carrier: carriers[n - 1] ?? '' })))
    const total = async (carrier: string) =>
      JSON.parse(await (await clinic.get(`/plans?carrier=${encodeURIComponent(carrier)}`)).text())
        .pagination.total_count

    expect(await total('große kasse ag')).toBe(2)
    expect(await total('GROSSE KASSE AG')).toBe(2)
    expect(await total('κωστας')).toBe(1)
  })

  it('reads D1 once when cold, then nothing in this isolate, and the edge cache in another', async () => {
    await worker.publish(SIXTY)

    const first = await clinic.get('/plans?plan_type=PPO')
    const again = await clinic.get('/plans?plan_type=ppo&page=1')
    const elsewhere = await worker.call('GET', '/plans?plan_type=PPO', {
      token: clinic.token,
      isolate: 'second',
    })

    const body = await first.text()
    for (const [answer, tier, d1] of [
      [first, 'MISS', '1'],
      [again, 'MEMORY', '0'],
      [elsewhere, 'HIT', '0'],
    ] as const) {
      expect(answer.headers.get('X-Cache')).toBe(tier)
      expect(answer.headers.get('x-test-d1')).toBe(d1)
      expect(answer.headers.get('x-test-kv')).toBe('1')
      expect(answer.headers.get('Link')).toBe(first.headers.get('Link'))
    }
    expect(await again.text()).toBe(body)
    expect(await elsewhere.text()).toBe(body)
  })

  it('caches a list under the version that D1 has, even if KV still names an older one', async () => {
    const { TOKENS } = worker.env
    await worker.publish(SIXTY)
    const older = (await TOKENS.get('catalogue')) ?? ''
    await worker.publish(somePlans(1))
    const newer = (await TOKENS.get('catalogue')) ?? ''
    const ask = async (isolate: 'first' | 'second') => {
      const { headers } = await worker.call('GET', '/plans?page_size=9', {
        ...{ token: clinic.token, isolate },
      })
      return [headers.get('X-Cache'), headers.get('ETag')]
    }
    const etag = expect.stringContaining(JSON.parse(newer).version)

    await TOKENS.put('catalogue', older)
    for (const isolate of ['first', 'first', 'second'] as const) {
      expect(await ask(isolate)).toEqual(['MISS', etag])
    }
    await TOKENS.put('catalogue', newer)
    expect(await ask('first')).toEqual(['HIT', etag])
  })

  it('reads D1 no earlier than the catalogue was published, or the primary if nobody knows when', async () => {
    await worker.publish(SIXTY)
    const { bookmark } = JSON.parse((await worker.env.TOKENS.get('catalogue')) ?? '')
    const sessionsOf = async () => (await clinic.get('/plans')).headers.get('x-test-sessions')

    expect(await sessionsOf()).toBe(`first-unconstrained,${bookmark}`)
    await worker.env.TOKENS.delete('catalogue')
    expect(await sessionsOf()).toBe('first-unconstrained,first-primary')
  })

  it('is published with the bookmark of the batch that wrote it', async () => {
    const { DB, TOKENS } = worker.env
    const session = DB.withSession('first-primary')
    let batches = 0
    let written = 0
    const bookmarkAfter = (count: number) => `0000000${count}-00000000-00000000-${'0'.repeat(32)}`
    const db = openSession({
      getBookmark: () => bookmarkAfter(batches),
      prepare: (query) => session.prepare(query),
      async batch<Row>(statements: D1PreparedStatement[]) {
        const answers = await session.batch<Row>(statements)
        batches++
        // The others stage plans, one statement each.
        if (statements.length > 1) written = batches
        return answers
      },
    })

    await publishPlans(
      db,
      TOKENS,
      somePlans(1, () => ({ plan_name: crypto.randomUUID() })),
    )

    const { bookmark } = JSON.parse((await TOKENS.get('catalogue')) ?? '')
    expect(written).toBeGreaterThan(1)
    expect(bookmark).toBe(bookmarkAfter(written))
  })

  it.each(['/plans', '/plans?page=2', '/plans?plan_type=PPO'])(
    'answers %s to nobody without a token, though it is cached',
    async (path) => {
      await worker.publish(SIXTY)
      await clinic.get(path)

      const response = await worker.call('GET', path)

      expect(response.status).toBe(401)
      expect(response.headers.get('X-Cache')).toBeNull()
    },
  )

  it('never serves its cache under the key itself', async () => {
    await worker.publish()
    const response = await clinic.get('/plans')
    const version = /^"(.*?)\?/.exec(response.headers.get('ETag') ?? '')?.[1]

    const direct = await worker.call('GET', `/plans/${version}?page=1&page_size=25`)
    const withToken = await clinic.get(`/plans/${version}?page=1&page_size=25`)

    expect(direct.status).toBe(401)
    expect(withToken.status).toBe(422)
  })

  it('lets clients keep the list and answers 304 while it is the same', async () => {
    await worker.publish(SIXTY)
    const response = await clinic.get('/plans?page_size=2')
    const etag = response.headers.get('ETag') ?? ''
    expect(etag).toMatch(/^"[^"]+"$/)
    expect(response.headers.get('Cache-Control')).toBe('private, no-cache')

    for (const named of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const revalidated = await clinic.get('/plans?page_size=2', { 'If-None-Match': named })
      expect(revalidated.status).toBe(304)
      expect(revalidated.headers.get('ETag')).toBe(etag)
      expect(revalidated.headers.get('Cache-Control')).toBe('private, no-cache')
      expect(revalidated.headers.get('x-test-d1')).toBe('0')
      expect(await revalidated.text()).toBe('')
    }
    const other = await clinic.get('/plans?page_size=3', { 'If-None-Match': etag })
    expect(other.status).toBe(200)
  })

  it('serves a new catalogue at once, in every isolate', async () => {
    await worker.publish(somePlans(1))
    const path = '/plans?page_size=1'
    const before = await clinic.get(path)
    await worker.call('GET', path, { token: clinic.token, isolate: 'second' })

    await worker.publish(somePlans(1, () => ({ plan_name: 'Renamed' })))

    for (const isolate of ['first', 'second'] as const) {
      const response = await worker.call('GET', path, {
        token: clinic.token,
        headers: { 'If-None-Match': before.headers.get('ETag') ?? '' },
        isolate,
      })
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ plans: [{ plan_name: 'Renamed' }] })
    }
  })

  it('answers a full page of the largest plans that an import takes', async () => {
    const carrier = `Large ${'é'.repeat(249)}`
    const coverage_details = { notes: 'x'.repeat(15_000 - '{"notes":""}'.length) }
    await worker.publish(
      somePlans(100, () => ({ plan_name: '😀'.repeat(255), carrier, coverage_details })),
    )

    const response = await clinic.get(`/plans?page_size=100&carrier=${encodeURIComponent(carrier)}`)

    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ pagination: { total_count: 100 } })
  })

  it.each([
    ['absent', null],
    ['without a bookmark', '{"version":"no bookmark"}'],
    ['malformed', '{"version":"a b","bookmark":"x"}'],
  ])('goes round the cache when the version is %s', async (_, record) => {
    if (record === null) await worker.env.TOKENS.delete('catalogue')
    else await worker.env.TOKENS.put('catalogue', record)

    for (let time = 0; time < 2; time++) {
      const response = await clinic.get('/plans')
      expect(response.status).toBe(200)
      expect(response.headers.get('X-Cache')).toBe('BYPASS')
      expect(response.headers.get('ETag')).toBeNull()
    }
  })

  it('keeps its filters in every link', async () => {
    await worker.publish(SIXTY)

    const response = await clinic.get(
      '/plans?active=TRUE&page=2&page_size=10&carrier=Harbor+Mutual',
    )

    const awkward = await clinic.get(
      `/plans?page_size=1&carrier=${encodeURIComponent('Smith & Sons #1')}`,
    )

    expect(awkward.headers.get('Link')).toContain('?carrier=smith+%26+sons+%231&page=')
    const target = `${worker.origin}${API}/plans?active=true&carrier=harbor+mutual`
    expect(response.headers.get('Link')?.split(', ')).toEqual([
      `<${target}&page=1&page_size=10>; rel="first"`,
      `<${target}&page=1&page_size=10>; rel="prev"`,
      `<${target}&page=3&page_size=10>; rel="next"`,
      `<${target}&page=4&page_size=10>; rel="last"`,
    ])
  })
})

describe('a catalogue of several chunks of ids', () => {
  /** Names and carriers in several spellings, many of them equal but for that. */
  const MANY = somePlans(230, (n) => ({
    plan_name: `${['Gold', 'gold', 'Silver', 'BRONZE'][n % 4]} ${(n * 7) % 12}`,
    carrier: ['Solène Santé', 'Old Harbor', 'SOLÈNE santé'][n % 3] ?? '',
    plan_type: n % 2 === 0 ? 'HMO' : 'PPO',
    active: n % 5 !== 0,
  }))
  type Plan = z.output<typeof plan>

  const list = async (query: string) =>
    planList.parse(await (await clinic.get(`/plans?${query}`)).json())
  const idsOf = (plans: readonly Plan[]) => plans.map(({ id }) => id)

  async function publishMany() {
    await worker.publish(MANY)
    const plans: Plan[] = []
    for (const page of [1, 2, 3]) plans.push(...(await list(`page=${page}&page_size=100`)).plans)
    return plans
  }

  const FILTERS: Record<string, (plan: Plan) => boolean> = {
    '': () => true,
    '&active=true': ({ active }) => active,
    '&plan_type=hmo': ({ plan_type }) => plan_type === 'HMO',
    '&carrier=solène+santé': ({ carrier }) => carrier !== 'Old Harbor',
    '&carrier=old+harbor&active=0': ({ carrier, active }) => carrier === 'Old Harbor' && !active,
    '&plan_type=none': () => false,
  }
  const hasWords =
    (...starts: string[]) =>
    ({ plan_name, carrier }: Plan) =>
      starts.every((start) =>
        foldName(`${plan_name} ${carrier}`)
          .split(' ')
          .some((word) => word.startsWith(start)),
      )
  const SEARCHES: Record<string, (plan: Plan) => boolean> = {
    '&search=sol+sante': hasWords('sol', 'sante'),
    // Not the gold of others, in which it stands further on.
    '&search=old+3': hasWords('old', '3'),
    '&search=o+ol+old+h+ha+har+silver+nothing': hasWords('nothing'),
  }
  const SORTS: Record<string, (plan: Plan) => string> = {
    id: () => '',
    plan_name: ({ plan_name }) => foldCase(plan_name),
    carrier: ({ carrier }) => foldCase(carrier),
  }

  const ORDERS = ['asc', 'DESC'].flatMap((direction) =>
    Object.entries(SORTS).map(([name, keyOf]) => ({ name, keyOf, direction })),
  )

  it('is searched, filtered, sorted and cut as a model does', async () => {
    const plans = await publishMany()
    const asked = [
      ...Object.entries(FILTERS),
      ...Object.entries(SEARCHES),
      ...Object.entries(FILTERS)
        .slice(1, 4)
        .map(([filter, isWanted]): [string, typeof isWanted] => [
          `&search=gold${filter}`,
          (each) => hasWords('gold')(each) && isWanted(each),
        ]),
    ]

    for (const [condition, isWanted] of asked) {
      const compare = async ({ name, keyOf, direction }: (typeof ORDERS)[number]) => {
        const found = plans
          .filter(isWanted)
          .sort((a, b) => Number(keyOf(a) > keyOf(b)) - Number(keyOf(a) < keyOf(b)) || a.id - b.id)
        if (direction === 'DESC') found.reverse()
        for (const page of new Set([2, Math.max(1, Math.ceil(found.length / 60))])) {
          const query = `sort_by=${name}&sort_dir=${direction}&page_size=60&page=${page}${condition}`
          const answer = await list(query)
          expect([query, idsOf(answer.plans), answer.pagination.total_count]).toEqual([
            ...[query, idsOf(found.slice((page - 1) * 60, page * 60)), found.length],
          ])
        }
      }
      await Promise.all(ORDERS.map(compare))
    }
  })

  it('offers every carrier and plan type in one spelling, with all its plans', async () => {
    await publishMany()

    const facets = await clinic.get('/plans/facets')

    expect(await facets.json()).toEqual({
      carriers: [
        { name: 'Old Harbor', count: 77 },
        { name: 'SOLÈNE santé', count: 153 },
      ],
      plan_types: [
        { name: 'HMO', count: 115 },
        { name: 'PPO', count: 115 },
      ],
    })
  })
})
