import type { Context, ErrorHandler, NotFoundHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { StorageUnavailable } from '../db/attempts.ts'
import type { Env } from '../factory.ts'
import { SsnKeyError } from '../ssn/seal.ts'
import { log } from './log.ts'

export const UNAUTHORIZED = 'You are not authorized to perform this action.'
export const NOT_JSON = 'Request body is not valid JSON'
const INTERNAL = 'Internal server error'

type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 413 | 415 | 422 | 429 | 500 | 503

/** Messages of each field, in the order in which they were found. */
export type FieldErrors = Record<string, string[]>

/** A refusal that the client may read: its status, the `errors` of the body, and headers to go with it. */
export class ApiError extends Error {
  readonly status: RefusalStatus
  readonly errors: string | FieldErrors
  readonly headers: Record<string, string>

  constructor(
    status: RefusalStatus,
    errors: string | FieldErrors,
    headers: Record<string, string> = {},
  ) {
    super(`refused with ${status}`)
    this.status = status
    this.errors = errors
    this.headers = headers
  }
}

/** Failures that are nobody's fault in the request: the client may send it again, nothing was lost. */
const UNAVAILABLE = [
  [StorageUnavailable, 'Storage is temporarily unavailable', '1'],
  [SsnKeyError, 'Social Security Numbers cannot be accepted right now', '60'],
] as const

const render = (c: Context<Env>, refusal: ApiError) =>
  c.json({ errors: refusal.errors }, refusal.status, refusal.headers)

/** Renders every refusal. Of anything else it tells nothing: a driver's message holds names and dates. */
export const renderError: ErrorHandler<Env> = (error, c) => {
  if (error instanceof ApiError) return render(c, error)
  if (error instanceof HTTPException && error.status === 400) {
    return render(c, new ApiError(400, NOT_JSON))
  }
  log(c, 'error', { code: error.name })
  for (const [failure, sentence, seconds] of UNAVAILABLE) {
    if (error instanceof failure) {
      return render(c, new ApiError(503, sentence, { 'Retry-After': seconds }))
    }
  }
  return render(c, new ApiError(500, INTERNAL))
}

export const renderNotFound: NotFoundHandler<Env> = (c) => render(c, new ApiError(404, 'Not found'))

/** For hono's methodNotAllowed: the known path's methods go into `Allow` (RFC 9110 §15.5.6). */
export const renderMethodNotAllowed = (c: Context<Env>, methods: readonly string[]) =>
  render(c, new ApiError(405, 'Method not allowed', { Allow: methods.join(', ') }))
