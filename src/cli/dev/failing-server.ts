import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { SENTENCES } from '../../http/errors.ts'
import { TOKEN_POLICY } from '../../http/headers.ts'
import type { Address } from './serving.ts'

type Fault = (from: IncomingMessage, to: ServerResponse) => void

/**
 * Listens there and forwards requests to the port `inner`, but fails `percent` of the API's requests as production may.
 * In turn, storage is busy, the answer is lost, or the token is over its rate limit.
 */
export function serveWithFaults({ ip, port }: Address, inner: number, percent: number): void {
  // The global agent may use the shell's proxy.
  const agent = new Agent()
  const pass = (from: IncomingMessage, to: ServerResponse, isLost = false) => {
    const { method, url: path, headers } = from
    const there = { agent, host: 'localhost', port: inner, method, path, headers }
    const passed = request(there, (answer) => {
      if (isLost) return to.destroy()
      to.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(to)
    })
    passed.on('error', () => to.destroy())
    from.pipe(passed)
  }
  const policy = `"token";q=${TOKEN_POLICY.limit};w=${TOKEN_POLICY.period}`
  const faults: Fault[] = [
    refuse('storageUnavailable'),
    (from, to) => pass(from, to, true),
    refuse('tooManyRequests', { 'RateLimit-Policy': policy }),
  ]
  let failed = 0

  createServer((from, to) => {
    const isApi = from.url?.startsWith('/v1/')
    const fault = isApi && Math.random() * 100 < percent && faults[failed++ % faults.length]
    if (fault) fault(from, to)
    else pass(from, to)
  }).listen(port, ip)
}

/** Refuses as the API does, but with a Retry-After of one second, so that nobody waits for an hour. */
const refuse =
  (name: 'storageUnavailable' | 'tooManyRequests', headers: Record<string, string> = {}): Fault =>
  (from, to) => {
    const [status, errors] = SENTENCES[name]
    from.resume()
    to.writeHead(status, {
      'Content-Type': 'application/json',
      'X-Request-Id': crypto.randomUUID(),
      'Retry-After': '1',
      ...headers,
    }).end(JSON.stringify({ errors }))
  }
