import { bodyOf, errorOf } from './answer.ts'

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

type Call = CallOptions & {
  query?: object | undefined
  body?: object | undefined
  headers?: object
}

/** Makes a call, and gives the body of its answer. Rejects with ClinicInsurancesError for a refusal. */
export type Ask = <Answer>(method: string, path: string, call: Call) => Promise<Answer>

const BOOKMARK = 'x-d1-bookmark'
const TRANSIENT = new Set([429, 502, 503, 504])
const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 30_000

/**
 * Calls are made with the token, with the newest bookmark answered so far (so that this client reads its own writes),
 * again where that is safe and may help, and once more where the API says that the clinic's records are kept, if that
 * is one of the origins given.
 */
export function openTransport(options: ClientOptions): Ask {
  const { baseUrl, origins = [], token, retries = 2, fetch: send = fetch } = options
  if (typeof token !== 'string' || !/^[!-~]+$/.test(token)) {
    throw new TypeError(
      'token must be the text that the operator gave you: it is empty or has spaces',
    )
  }
  let base = originOf(baseUrl)
  const mayGoTo = new Set([base, ...origins.map(originOf)])
  let bookmark = ''

  return async (method, path, { query, body, headers, signal = null }) => {
    const search = new URLSearchParams({ ...query }).toString()
    let hasMoved = false
    for (let tried = 0; ; tried++) {
      const asked = base
      const response = await send(`${asked}${path}${search && `?${search}`}`, {
        method,
        signal,
        body: body ? JSON.stringify(body) : null,
        // The token goes where it was meant to go, and nowhere else.
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
      // Bookmarks of one origin sort as text; an answer that was overtaken must not take this client back.
      const reached = response?.headers.get(BOOKMARK) ?? ''
      if (asked === base && reached > bookmark) bookmark = reached
      if (response?.ok) return await bodyOf(response)

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
      await wait(waitOf(tried, response?.headers.get('Retry-After') ?? undefined), signal)
    }
  }
}

/** The origin of the API, which has no path of its own. Throws TypeError. */
function originOf(url: string): string {
  if (/^https?:\/\/[^/?#]+\/?$/i.test(url) && URL.canParse(url)) return new URL(url).origin
  throw new TypeError(`${url} is no origin: use one such as https://insurances.example.com`)
}

/** As long as the API asks for, otherwise twice as long each time, and never in step with other clients. */
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
