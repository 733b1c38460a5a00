import { bodyOf, errorOf } from './answer.ts'

export type ClientOptions = {
  /** The origin of the API, such as `https://insurances.example.com`. */
  baseUrl: string
  /** Your clinic's token. */
  token: string
  /**
   * Other origins of the API that your token may be sent to. If your clinic's records have moved to one of them, the
   * client goes there and stays. Default: none.
   */
  origins?: readonly string[]
  /** How often to retry a request if the API is busy or out of reach. Default: 2. */
  retries?: number
  /** Used instead of the global `fetch`. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>
}

export type CallOptions = {
  /** Cancels the call, including its retries. */
  signal?: AbortSignal | undefined
}

type Call = CallOptions & {
  query?: object | undefined
  body?: object | undefined
  headers?: object
}

/** Makes a call, and returns the body of its answer. Rejects with ClinicInsurancesError for a refusal. */
export type Ask = <Answer>(method: string, path: string, call: Call) => Promise<Answer>

const BOOKMARK = 'x-d1-bookmark'
const TRANSIENT = new Set([429, 502, 503, 504])
const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 30_000

/**
 * Sends each call with the token and the newest bookmark received, so that this client reads its own writes. Retries a
 * call where that is safe and may help. If the API names another origin that keeps the clinic's records, and it is one
 * of `origins`, sends the call there, once.
 */
export function openTransport(options: ClientOptions): Ask {
  const { baseUrl, origins = [], token, retries = 2 } = options
  // Looked up at each call, since a test or a tracer may replace it later.
  const { fetch: send = (url, init) => fetch(url, init) } = options
  if (typeof token !== 'string' || !/^[!-~]+$/.test(token)) {
    throw new TypeError(
      'token must be the text that the operator gave you: it is empty or has spaces',
    )
  }
  let base = originOf(baseUrl)
  const mayGoTo = new Set([base, ...origins.map(originOf)])
  let bookmark = ''

  return async (method, path, { query, body, headers, signal = null }) => {
    refuseUndefined({ ...query })
    const search = new URLSearchParams({ ...query }).toString()
    let hasMoved = false
    for (let tried = 0; ; tried++) {
      const asked = base
      const response = await send(`${asked}${path}${search && `?${search}`}`, {
        method,
        signal,
        body: body ? JSON.stringify(body) : null,
        // The token must not follow a redirect to another host.
        redirect: 'manual',
        headers: {
          Accept: 'application/json',
          ...(path.startsWith('/v1/') && { 'X-User-Token': token }),
          ...(path.startsWith('/v1/') && bookmark && { [BOOKMARK]: bookmark }),
          ...(body && { 'Content-Type': 'application/json' }),
          ...headers,
        },
      }).catch((error: unknown) => {
        if (tried >= retries) throw error
      })
      // Bookmarks of one origin sort as text. Keep the newest, since answers may arrive out of order.
      const reached = response?.headers.get(BOOKMARK) ?? ''
      if (asked === base && reached > bookmark) bookmark = reached
      if (response?.ok) return await bodyOf(response)

      if (response && (tried >= retries || !TRANSIENT.has(response.status))) {
        const error = await errorOf(response)
        const { origin } = error
        if (hasMoved || !origin || origin === asked || !mayGoTo.has(origin)) throw error
        // If another call has gone there meanwhile, keep its bookmark.
        if (base !== origin) [base, bookmark] = [origin, '']
        hasMoved = true
        continue
      }
      await response?.body?.cancel()
      await wait(waitOf(tried, response?.headers.get('Retry-After') ?? undefined), signal)
    }
  }
}

/** The origin of a URL, which must not have a path. Throws TypeError. */
function originOf(url: string): string {
  if (/^https?:\/\/[^/?#]+\/?$/i.test(url) && URL.canParse(url)) return new URL(url).origin
  throw new TypeError(`${url} is no origin: use one such as https://insurances.example.com`)
}

/** In milliseconds: what Retry-After says, or else exponential backoff with jitter. */
function waitOf(tried: number, retryAfter = ''): number {
  const backoff = FIRST_WAIT_MS * 2 ** tried * (0.5 + Math.random())
  const wanted = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : backoff
  return Math.min(wanted, LONGEST_WAIT_MS)
}

/** Rejects as soon as the signal aborts. */
export async function wait(milliseconds: number, signal: AbortSignal | null = null): Promise<void> {
  signal?.throwIfAborted()
  await new Promise<void>((resolve) => {
    const timer = setTimeout(end, milliseconds)
    signal?.addEventListener('abort', end)
    function end() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
  })
  signal?.throwIfAborted()
}

/** Throws TypeError if a filter is undefined: left out by accident, it would list everyone. */
export function refuseUndefined(asked: object): void {
  for (const [name, value] of Object.entries(asked)) {
    if (value === undefined)
      throw new TypeError(`${name} is undefined: leave it out, or give it a value`)
    if (value instanceof Object) refuseUndefined(value)
  }
}
