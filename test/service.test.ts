import { describe, expect, it } from 'vitest'
import { VERSION } from '../src/http/version.ts'
import { expectRefusal } from './support/expect.ts'
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
})

describe('plain HTTP', () => {
  it.each(['insurances.example.com', 'localhost.example.com', '127.0.0.1.example.com:80'])(
    'is refused at %s, before a token is looked at',
    async (host) => {
      const response = await worker.fetch(`http://${host}${API}/dependents`)

      await expectRefusal(
        response,
        403,
        'Use https: over plain http your token and your records can be read on the way',
      )
    },
  )

  it.each(['http://localhost', 'http://127.0.0.1:8787', 'https://insurances.example.com'])(
    'is not complained of at %s',
    async (origin) => {
      expect((await worker.fetch(`${origin}${API}/dependents`)).status).toBe(401)
    },
  )
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
