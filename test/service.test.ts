import { describe, expect, it } from 'vitest'
import { VERSION } from '../src/service/version.ts'
import { useWorker } from './support/worker.ts'

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

    expect(await response.json()).toEqual({ status: 'ok', version: VERSION })
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

describe('a path that is none', () => {
  it.each(['/nothing', '/assets/openapi.json', '/docs.html', '/openapi.json/', '/healthy', '/V1'])(
    'outside of /v1 is 404 in our shape: %s',
    async (path) => {
      const response = await worker.fetch(path)

      expect(response.status).toBe(404)
      expect(await response.text()).toBe('{"errors":"Not found"}')
    },
  )
})
