import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { setClinicState } from '../src/clinics/queries.ts'
import { FAILURE_POLICY, TOKEN_POLICY } from '../src/http/headers.ts'
import { databaseOf } from '../src/storage/session.ts'
import { CONFIG } from './support/project.ts'
import { useWorker, type Answer } from './support/worker.ts'

const worker = useWorker({
  instrumented: true,
  rateLimits: { TOKEN_RATE_LIMIT: 5, FAILURE_RATE_LIMIT: 5 },
  vars: { CORS_ORIGINS: 'https://Desk.example.com/, https://billing.example.com' },
})

async function untilLimited(send: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = []
  // The limiter counts in windows, and one may end between two requests.
  while (answers.length < 30 && answers.at(-1)?.status !== 429) answers.push(await send())
  return answers
}

describe('a rate limit', () => {
  it('refuses a token beyond its rate, says when to return, and leaves its colleague alone', async () => {
    const clinic = await worker.clinic()
    const colleague = await worker.token({ clinic_id: clinic.clinicId })

    const answers = await untilLimited(() => clinic.get('/dependents'))

    const refused = answers.at(-1)
    expect(answers.length).toBeGreaterThan(5)
    expect(new Set(answers.slice(0, -1).map(({ status }) => status))).toEqual(new Set([200]))
    expect(refused?.status).toBe(429)
    expect(refused?.headers.get('Retry-After')).toBe('60')
    expect(refused?.headers.get('RateLimit-Policy')).toBe('"token";q=3000;w=60')
    expect(await refused?.text()).toBe('{"errors":"Too many requests"}')
    expect((await worker.call('GET', '/dependents', { token: colleague })).status).toBe(200)
  })

  it('that fails lets everyone through, and says so in the log', async () => {
    const clinic = await worker.clinic()

    const response = await clinic.get('/dependents', { 'x-test-limit': 'broken' })

    expect(response.status).toBe(200)
    expect(await worker.logLine('rateLimitFailed')).toContain(clinic.clinicId)
  })

  it('slows down an address that guesses, and lets a good token from there in', async () => {
    const clinic = await worker.clinic()
    const headers = { 'CF-Connecting-IP': '203.0.113.7' }

    const answers = await untilLimited(() =>
      worker.call('GET', '/plans', { token: 'a guess', headers }),
    )

    expect(new Set(answers.slice(0, -1).map(({ status }) => status))).toEqual(new Set([401]))
    expect(answers.at(-1)?.status).toBe(429)
    expect(answers.at(-1)?.headers.get('RateLimit-Policy')).toBe(
      '"failed-authentication";q=60;w=60',
    )
    expect((await clinic.get('/plans', headers)).status).toBe(200)
  })

  it('takes the addresses of one IPv6 subscriber for one, and of two for two', async () => {
    let guesses = 0
    const guess = (network: string) =>
      worker.call('GET', '/plans', {
        token: 'a guess',
        headers: { 'CF-Connecting-IP': `${network}::${(++guesses).toString(16)}` },
      })

    const answers = await untilLimited(() => guess('2001:db8:1'))

    expect(answers.at(-1)?.status).toBe(429)
    expect((await guess('2001:db8:1:0')).status).toBe(429)
    expect((await guess('2001:db8:1:3')).status).toBe(401)
  })

  it('is told to clients as wrangler.toml grants it', () => {
    const toml = readFileSync(CONFIG, 'utf8')
    const granted = [
      ...toml.matchAll(
        /name = "(\w+_RATE_LIMIT)"\n.*\nsimple = \{ limit = (\d+), period = (\d+) \}/g,
      ),
    ]

    expect(granted.length).toBeGreaterThanOrEqual(2)
    for (const [, name, limit, period] of granted) {
      const policy = name === 'TOKEN_RATE_LIMIT' ? TOKEN_POLICY : FAILURE_POLICY
      expect([Number(limit), Number(period)]).toEqual([policy.limit, policy.period])
    }
  })
})

describe('CORS', () => {
  // Each from an address of its own, so that none is refused for its rate.
  let asked = 0
  const preflight = (origin: string) =>
    worker.call('OPTIONS', '/dependents', {
      headers: {
        Origin: origin,
        'CF-Connecting-IP': `198.51.100.${++asked}`,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'x-user-token,content-type,idempotency-key',
      },
    })

  /** The headers of the Fetch standard's CORS protocol. */
  const corsOf = ({ headers }: Answer) =>
    Object.fromEntries([...headers].filter(([name]) => /^access-control-|^vary$/.test(name)))
  const listed = (names: readonly string[]) => names.join(',')

  it.each(['https://desk.example.com', 'https://billing.example.com'])(
    'lets a page of %s call, and read every header that has a meaning',
    async (origin) => {
      const clinic = await worker.clinic()

      const asked = await preflight(origin)
      const answered = await clinic.get('/dependents', { Origin: origin })

      const readable = listed([
        ...[
          'X-Request-Id',
          'x-d1-bookmark',
          'X-Token-Expires',
          'Allow',
          'Link',
          'Location',
          'ETag',
          'X-Cache',
        ],
        ...['Idempotent-Replayed', 'Accept-Encoding', 'WWW-Authenticate', 'Retry-After'],
        'RateLimit-Policy',
      ])
      expect(asked.status).toBe(204)
      expect(corsOf(asked)).toEqual({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': listed(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
        'access-control-allow-headers': listed([
          ...['Content-Type', 'X-User-Token', 'x-d1-bookmark', 'Idempotency-Key'],
          ...['If-Match', 'If-None-Match'],
        ]),
        'access-control-expose-headers': readable,
        'access-control-max-age': '86400',
        vary: 'Origin, Access-Control-Request-Headers',
      })
      expect(corsOf(answered)).toEqual({
        'access-control-allow-origin': origin,
        'access-control-expose-headers': readable,
        vary: 'Origin',
      })
    },
  )

  it('lets a page read its refusals too', async () => {
    const response = await worker.call('GET', '/dependents', {
      headers: { Origin: 'https://desk.example.com' },
    })

    expect(response.status).toBe(401)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('https://desk.example.com')
  })

  it.each([
    'https://evil.example.com',
    'http://desk.example.com',
    'null',
    'https://desk.example.com.evil.com',
    'https://desk.example.co',
  ])('is not spoken to %s', async (origin) => {
    const clinic = await worker.clinic()

    const asked = await preflight(origin)
    const answered = await clinic.get('/dependents', { Origin: origin })

    expect(asked.status).toBe(401)
    expect(corsOf(asked)).toEqual({ vary: 'Origin' })
    expect(corsOf(answered)).toEqual({ vary: 'Origin' })
  })

  it('says Vary: Origin where no origin was sent, too, as a cache may ask for the next page', async () => {
    const clinic = await worker.clinic()

    expect(corsOf(await clinic.get('/dependents'))).toEqual({ vary: 'Origin' })
    expect(corsOf(await worker.call('GET', '/dependents'))).toEqual({ vary: 'Origin' })
  })

  it('counts no preflight as a failed authentication, but a guess that looks like one', async () => {
    const headers = {
      ...{ Origin: 'https://evil.example.com', 'CF-Connecting-IP': '203.0.113.99' },
      'Access-Control-Request-Method': 'GET',
    }

    for (let n = 0; n < 20; n++) {
      expect((await worker.call('OPTIONS', '/plans', { headers })).status).toBe(401)
    }
    const answers = await untilLimited(() =>
      worker.call('OPTIONS', '/plans', { token: 'a guess', headers }),
    )
    expect(answers.length).toBeGreaterThan(5)
    expect(answers.at(-1)?.status).toBe(429)
  })
})

describe('what is refused before it reaches storage', () => {
  it.each([
    ['a malformed bookmark', 422, async () => ({ 'x-d1-bookmark': 'wrong' })],
    [
      'a suspended clinic',
      403,
      async (clinicId: string) => {
        const db = databaseOf(worker.env, 'first-primary')
        await setClinicState(db, clinicId, 'suspended')
        return {}
      },
    ],
  ])('counts %s against the rate of its token', async (_, status, prepare) => {
    const clinic = await worker.clinic()
    const headers = await prepare(clinic.clinicId)

    const answers = await untilLimited(() => clinic.get('/dependents', headers))

    expect(new Set(answers.slice(0, -1).map((answer) => answer.status))).toEqual(new Set([status]))
    expect(answers.at(-1)?.status).toBe(429)
    const line = await worker.logLine(String(answers[0]?.headers.get('X-Request-Id')))
    expect(line).toContain(`"clinic_id":"${clinic.clinicId}"`)
  })
})
