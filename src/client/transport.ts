import { errorOf } from './error.ts'

export type ClientOptions = {
  /** Where the API is, such as `https://insurances.example.com`. */
  baseUrl: string
  /** Your clinic's token. */
  token: string
  /**
   * Other origins of the API to which your token may be sent: if one of them keeps your clinic's records by now, the
   * client goes there and stays. None unless you name them.
   */
  origins?: readonly string[]
  /** How often a request is tried again that found the API busy or out of reach. 2 unless you say otherwise. */
  retries?: number
  /** What to fetch with, if not with the global `fetch`. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>
}

export type CallOptions = {
  /** Gives the call up, its retries too. */
  signal?: AbortSignal | undefined
}

export type Call = CallOptions & {
  query?: string
  body?: string
  headers?: Record<string, string>
}

export type Request = ReturnType<typeof openTransport>

const BOOKMARK = 'x-d1-bookmark'
const TRANSIENT = new Set([429, 502, 503, 504])
const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 30_000

/**
 * Sends requests: with the token, with the newest bookmark answered so far (so that this client reads its own
 * writes), again where that is safe and may help, and once more where the API says that the clinic's records are kept,
 * if that is one of the origins given. Rejects with ClinicInsurancesError for a refusal.
 */
export function openTransport({
  baseUrl,
  origins = [],
  token,
  retries = 2,
  fetch: given,
}: ClientOptions) {
  if (typeof token !== 'string' || !/^[!-~]+$/.test(token)) {
    throw new TypeError(
      'token must be the text that the operator gave you: it is empty or has spaces',
    )
  }
  let base = originOf(baseUrl)
  const mayGoTo = new Set([base, ...origins.map(originOf)])
  const send = given ?? ((url, init) => fetch(url, init))
  let bookmark = ''

  async function attempt(method: string, path: string, call: Call): Promise<Response> {
    const from = base
    const { query, body, signal, headers } = call
    const response = await send(`${from}${path}${query ? `?${query}` : ''}`, {
      method,
      // The token goes where it was meant to go, and nowhere else.
      redirect: 'manual',
      headers: {
        Accept: 'application/json',
        ...(path.startsWith('/v1/') && { 'X-User-Token': token }),
        ...(path.startsWith('/v1/') && bookmark && { [BOOKMARK]: bookmark }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
    })
    // Bookmarks of one origin sort as text; an answer that was overtaken must not take this client back.
    const reached = response.headers.get(BOOKMARK) ?? ''
    if (from === base && reached > bookmark) bookmark = reached
    return response
  }

  return async (method: string, path: string, call: Call = {}): Promise<Response> => {
    let hasMoved = false
    for (let tried = 0; ; tried++) {
      const asked = base
      const response = await attempt(method, path, call).catch((error: unknown) => {
        if (tried >= retries) throw error
        return undefined
      })
      if (response?.ok) return response
      if (response && (tried >= retries || !TRANSIENT.has(response.status))) {
        const error = await errorOf(response)
        const { origin } = error
        if (hasMoved || !origin || origin === asked || !mayGoTo.has(origin)) throw error
        // Another call may have gone there meanwhile, and its bookmark is good.
        if (base !== origin) [base, bookmark] = [origin, '']
        hasMoved = true
        continue
      }
      await response?.body?.cancel()
      await wait(waitOf(tried, response?.headers.get('Retry-After')), call.signal)
    }
  }
}

/** The origin of the API, which has no path of its own. Throws TypeError. */
function originOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed && /^https?:$/.test(parsed.protocol) && parsed.pathname === '/' && !parsed.search) {
    return parsed.origin
  }
  throw new TypeError(`${url} is no origin: use one such as https://insurances.example.com`)
}

/** As long as the API asks for, otherwise twice as long each time, and never in step with other clients. */
function waitOf(tried: number, retryAfter: string | null | undefined): number {
  const asked = /^\d+$/.test(retryAfter ?? '') ? Number(retryAfter) * 1000 : undefined
  const backoff = FIRST_WAIT_MS * 2 ** tried * (0.5 + Math.random())
  return Math.min(asked ?? backoff, LONGEST_WAIT_MS)
}

export function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
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
