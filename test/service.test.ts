import { describe, expect, it } from 'vitest'
import { VERSION } from '../src/http/version.ts'
import { expectRefusal } from './support/expect.ts'
import { aDependent } from './support/fixtures.ts'
import { API, useWorker } from './support/worker.ts'

const worker = useWorker({ instrumented: true })

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8'

describe('GET /', () => {
  it('sends a browser to the reference', async () => {
    const response = await worker.fetch('/', { headers: { Accept: BROWSER }, redirect: 'manual' })

    expect(response.status).toBe(302)
    expect(response.headers.get('Location')).toBe('/docs')
    expect(response.headers.get('Vary')).toContain('Accept')
  })

  it.each(['*/*', 'application/json', ''])(
    'tells a program that accepts "%s" where the description is',
    async (accept) => {
      const response = await worker.fetch('/', { headers: { Accept: accept } })

      expect(response.status).toBe(200)
      expect(response.headers.get('Link')).toContain('</openapi.json>; rel="service-desc"')
      expect(await response.json()).toMatchObject({ openapi: '/openapi.json', docs: '/docs' })
    },
  )
})

describe('GET /health', () => {
  it('answers the version and touches no storage', async () => {
    const response = await worker.fetch('/health')

    expect(await response.json()).toEqual({
      status: 'ok',
      version: VERSION,
      commit: expect.any(String),
    })
    expect(response.headers.get('x-test-d1')).toBe('0')
    expect(response.headers.get('x-test-kv')).toBe('0')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
  })
})

describe('GET /health/ready', () => {
  it('reaches D1 and KV, once each', async () => {
    const response = await worker.fetch('/health/ready')

    expect(await response.json()).toEqual({ status: 'ready', d1: 'ok', kv: 'ok' })
    expect(response.headers.get('x-test-d1')).toBe('1')
    expect(response.headers.get('x-test-kv')).toBe('1')
  })

  describe('without a key', () => {
    const keyless = useWorker({ vars: { SSN_PUBLIC_KEY: '' } })

    it('says so, and what else is missing', async () => {
      const { name } = (await keyless.env.DB.prepare(
        'DELETE FROM d1_migrations WHERE id = (SELECT max(id) FROM d1_migrations) RETURNING name',
      ).first<{ name: string }>()) ?? { name: '' }

      const first = await keyless.fetch('/health/ready')
      await keyless.env.DB.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name).run()
      const second = await keyless.fetch('/health/ready')

      await expectRefusal(first, 503, 'migrations are missing; no SSN key')
      expect(first.headers.get('Retry-After')).toBe('10')
      await expectRefusal(second, 503, 'no SSN key')
    })
  })

  describe('with the key of a local store', () => {
    const local = useWorker({
      vars: { SSN_PUBLIC_KEY: 'local', LOCAL_SSN_PUBLIC_KEY: 'A'.repeat(43) },
    })

    it('is ready while the store knows the key as its own', async () => {
      const before = await local.fetch('/health/ready')
      await local.env.TOKENS.put('local-ssn-public-key', 'A'.repeat(43))

      await expectRefusal(before, 503, 'the SSN key belongs to another store')
      expect((await local.fetch('/health/ready')).status).toBe(200)
    })
  })

  describe('with such a key where wrangler.toml does not ask for it', () => {
    const production = useWorker({
      vars: { SSN_PUBLIC_KEY: '', LOCAL_SSN_PUBLIC_KEY: 'A'.repeat(43) },
    })

    it('is not ready, and takes no SSN', async () => {
      const clinic = await production.clinic()
      const id = await clinic.ownable()

      await expectRefusal(await production.fetch('/health/ready'), 503, 'no SSN key')
      expect((await clinic.post('/dependents', aDependent(id))).status).toBe(503)
    })
  })
})

describe('plain HTTP', () => {
  it.each([{ 'X-Forwarded-Proto': 'http' }, { 'CF-Ray': '8f1-AMS' }])(
    'is refused where a proxy says so, before a token is looked at: %o',
    async (headers) => {
      const url = `http://insurances.example.com${API}/dependents`
      const response = await worker.fetch(url, { headers })

      await expectRefusal(
        response,
        403,
        'Use https: plain http exposes your token and your records in transit',
      )
    },
  )

  it.each([
    ['http://localhost', {}],
    ['http://192.168.1.7:8787', {}],
    ['http://api:8787', {}],
    ['http://abc.trycloudflare.com', { 'CF-Ray': '8f1-AMS', 'X-Forwarded-Proto': 'https' }],
    ['https://insurances.example.com', { 'CF-Ray': '8f1-AMS' }],
  ])('is taken from %s with %o: a local server, or a tunnel to one', async (origin, headers) => {
    expect((await worker.fetch(`${origin}${API}/dependents`, { headers })).status).toBe(401)
  })
})

describe('CORS', () => {
  it.each(['https://desk.example.com', ''])(
    'is not spoken unless origins are named: to "%s"',
    async (origin) => {
      const headers = { Origin: origin, 'Access-Control-Request-Method': 'POST' }

      for (const method of ['OPTIONS', 'GET']) {
        const response = await worker.call(method, '/dependents', { headers })
        expect(response.status).toBe(401)
        expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull()
      }
    },
  )
})

describe('GET /docs', () => {
  it.each(['/docs', '/docs/'])(
    'serves %s, which may load and call nothing but its own origin',
    async (path) => {
      const response = await worker.fetch(path)

      expect(response.status).toBe(200)
      expect(response.headers.get('Content-Type')).toBe('text/html; charset=utf-8')
      const policy = response.headers.get('Content-Security-Policy')
      expect(policy).toContain("default-src 'none'; script-src 'self';")
      expect(policy).toContain("connect-src 'self';")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(response.headers.get('X-Request-Id')).toBeTruthy()
      expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(await response.text()).not.toMatch(/(src|href)="(https?:)?\/\//)
    },
  )

  it.each([
    ['/docs/scalar.js', 'text/javascript; charset=utf-8'],
    ['/docs/reference.js', 'text/javascript; charset=utf-8'],
    ['/docs/reference.css', 'text/css; charset=utf-8'],
    ['/docs/icon.svg', 'image/svg+xml'],
  ])('serves %s and lets browsers keep it while it is the same', async (path, type) => {
    const response = await worker.fetch(path)
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe(type)

    const again = await worker.fetch(path, {
      headers: { 'If-None-Match': response.headers.get('ETag') ?? '' },
    })
    expect(again.status).toBe(304)
  })

  it.each(['/docs/nothing', '/docs/../package.json', '/index.html', '/docs%2findex.html'])(
    'answers 404 in our shape for %s',
    async (path) => {
      const response = await worker.fetch(path)

      await expectRefusal(response, 404, 'Not found')
    },
  )
})

describe('the files of the reference', () => {
  it.each(['POST', 'DELETE'])('refuse %s', async (method) => {
    const response = await worker.fetch('/docs', { method })

    expect(response.status).toBe(405)
    expect(response.headers.get('Allow')).toBe('GET, HEAD')
    expect(await response.json()).toEqual({ errors: 'Method not allowed' })
  })
})
