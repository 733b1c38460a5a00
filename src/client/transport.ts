import { errorOf } from './error.ts'

export type ClientOptions = {
  /** Where the API is, such as `https://insurances.example.com`. */
  baseUrl: string
  /** Your clinic's token. */
  token: string
  /** How often a request is tried again that found the API busy or out of reach. 2 unless you say otherwise. */
  retries?: number
  /** What to fetch with, if not with the global `fetch`. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>
}

export type CallOptions = {
  /** Gives the call up, its retries too. */
  signal?: AbortSignal | undefined
}

export type CreateOptions = CallOptions & {
  /**
   * Names the creation, so that the same one sent again creates nothing. One is made for each call; give your
   * own to make a creation safe to repeat after your program has stopped in the middle.
   */
  idempotencyKey?: string | undefined
}

export type Call = CallOptions & {
  query?: string
  body?: string
  headers?: Record<string, string>
}

const BOOKMARK = 'x-d1-bookmark'
const TRANSIENT = new Set([429, 502, 503, 504])
const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 30_000

/**
 * Sends requests: with the token, with the newest bookmark answered so far (so that this client reads its own
 * writes), and again where that is safe and may help. Rejects with ClinicInsurancesError for a refusal.
 */
export function openTransport({ baseUrl, token, retries = 2, fetch: given }: ClientOptions) {
  const base = baseUrl.replace(/\/+$/, '')
  const send = given ?? ((url, init) => fetch(url, init))
  let bookmark = ''

  async function attempt(method: string, path: string, call: Call): Promise<Response> {
    const response = await send(`${base}${path}${call.query ? `?${call.query}` : ''}`, {
      method,
      headers: {
        Accept: 'application/json',
        ...(path.startsWith('/v1/') && { 'X-User-Token': token }),
        ...(path.startsWith('/v1/') && bookmark && { [BOOKMARK]: bookmark }),
        ...(call.body !== undefined && { 'Content-Type': 'application/json' }),
        ...call.headers,
      },
      ...(call.body !== undefined && { body: call.body }),
      ...(call.signal && { signal: call.signal }),
    })
    // Bookmarks sort as text; an answer that was overtaken must not take this client back.
    const reached = response.headers.get(BOOKMARK) ?? ''
    if (reached > bookmark) bookmark = reached
    return response
  }

  return async (method: string, path: string, call: Call = {}): Promise<Response> => {
    for (let tried = 0; ; tried++) {
      const response = await attempt(method, path, call).catch((error: unknown) => {
        if (tried >= retries || call.signal?.aborted) throw error
        return undefined
      })
      if (response?.ok) return response
      if (response && (tried >= retries || !TRANSIENT.has(response.status))) {
        throw await errorOf(response)
      }
      await response?.body?.cancel()
      await wait(waitOf(tried, response?.headers.get('Retry-After')), call.signal)
    }
  }
}

/** As long as the API asks for, otherwise twice as long each time, and never in step with other clients. */
function waitOf(tried: number, retryAfter: string | null | undefined): number {
  const asked = /^\d+$/.test(retryAfter ?? '') ? Number(retryAfter) * 1000 : undefined
  const backoff = FIRST_WAIT_MS * 2 ** tried * (0.5 + Math.random())
  return Math.min(asked ?? backoff, LONGEST_WAIT_MS)
}

function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, milliseconds)
    signal?.addEventListener('abort', done, { once: true })
    if (signal?.aborted) done()
    function done() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      if (signal?.aborted) reject(signal.reason)
      else resolve()
    }
  })
}
