import type { Context, ErrorHandler, Hono, NotFoundHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { storageFaultOf, StorageUnavailable } from '../storage/faults.ts'
import { factory, type Env } from '../env.ts'
import { SsnKeyError } from '../ssn/seal.ts'
import { log } from './log.ts'
import { nearestPath } from './nearest-path.ts'

/** Every refusal: status, sentence and, in seconds, `Retry-After`. Each resource also has its own "… not found". */
export const SENTENCES = {
  notJson: [400, 'Request body is not valid JSON'],
  repeatedKey: [400, 'Request body repeats a key'],
  tooDeep: [400, 'Request body is nested too deeply'],
  tooPrecise: [400, 'Request body has a number of more than 17 digits'],
  unauthorized: [401, 'You are not authorized to perform this action.'],
  forbidden: [403, 'Your token lacks a scope'],
  notFound: [404, 'Not found'],
  plainHttp: [403, 'Use https: plain http exposes your token and your records in transit'],
  suspended: [403, 'Your clinic is suspended; ask the operator of this API'],
  limited: [
    403,
    'Your clinic has as many records as it may have; delete some, or ask the operator for more',
  ],
  methodNotAllowed: [405, 'Method not allowed'],
  tooSlow: [408, 'Request body did not arrive within 30 seconds'],
  stale: [412, 'This record has been changed since you read it'],
  tooLarge: [413, 'Request body is larger than 64 KiB'],
  batchTooLarge: [413, 'Request body is larger than 1 MiB'],
  notDeclaredJson: [415, 'Content-Type must be application/json'],
  notUtf8: [415, 'Request body must be UTF-8'],
  encoded: [415, 'Request body must be sent without Content-Encoding'],
  misdirected: [421, "This clinic's records are kept at"],
  tooManyRequests: [429, 'Too many requests', '60'],
  internal: [500, 'Internal server error'],
  storageUnavailable: [503, 'Storage is temporarily unavailable', '1'],
  frozen: [503, 'Your clinic cannot be written to right now; try again', '30'],
  ssnUnavailable: [503, 'Social Security Numbers cannot be accepted right now', '60'],
} as const satisfies Record<string, readonly [number, string, string?]>

type Status = 422 | (typeof SENTENCES)[keyof typeof SENTENCES][0]

/** Messages of each field, in the order in which they were found. */
export type FieldErrors = Record<string, string[]>

/** A refusal: its status, the `errors` of the body, and its headers. */
export class ApiError extends Error {
  readonly status: Status
  readonly errors: string | FieldErrors
  readonly headers: Record<string, string>

  constructor(status: Status, errors: string | FieldErrors, headers: Record<string, string> = {}) {
    super(`refused with ${status}`)
    this.status = status
    this.errors = errors
    this.headers = headers
  }
}

/** A refusal with one of the sentences, and a detail after it. */
export function refusal(
  name: keyof typeof SENTENCES,
  { detail, headers }: { detail?: string | undefined; headers?: Record<string, string> } = {},
) {
  const [status, sentence, retryAfter] = SENTENCES[name]
  return new ApiError(status, detail === undefined ? sentence : `${sentence}: ${detail}`, {
    ...(retryAfter && { 'Retry-After': retryAfter }),
    ...headers,
  })
}

/** The refusal if another cell, at `origin`, has the clinic's records (RFC 9110 §15.5.20). */
export const misdirected = (origin: string) =>
  new ApiError(421, `${SENTENCES.misdirected[1]} ${origin}`)

/** The refusal that names fields, parameters or headers. */
export const invalid = (errors: FieldErrors) => new ApiError(422, errors)

const render = (c: Context<Env>, { errors, status, headers }: ApiError) =>
  c.json({ errors }, status, headers)

/** Renders refusals. Other errors show nothing of themselves: a driver's message may hold names and dates. */
export const renderError: ErrorHandler<Env> = (error, c) => {
  if (error instanceof ApiError) return render(c, error)
  // Hono's validator throws this for a body that doesn't parse.
  if (error instanceof HTTPException && error.status === 400) return render(c, refusal('notJson'))

  const failure = failureOf(error)
  log(c, 'error', { code: failure, fault: storageFaultOf(error) })
  return render(c, refusal(failure))
}

/** The log's code of a failure that the request did not cause. A class name won't do: it is minified. */
function failureOf(error: Error) {
  if (error instanceof StorageUnavailable) return 'storageUnavailable'
  return error instanceof SsnKeyError ? 'ssnUnavailable' : 'internal'
}

export const renderNotFound =
  (app: Hono<Env>, base: string): NotFoundHandler<Env> =>
  (c) => {
    const patterns = app.routes.filter(({ method }) => method !== 'ALL').map(({ path }) => path)
    const meant = nearestPath(patterns, base, c.req.path)
    return render(c, refusal('notFound', { detail: meant && `did you mean ${meant}?` }))
  }

/** For hono's methodNotAllowed: the known path's methods go into `Allow` (RFC 9110 §15.5.6). */
export const renderMethodNotAllowed = (c: Context<Env>, methods: readonly string[]) =>
  render(c, refusal('methodNotAllowed', { headers: { Allow: methods.join(', ') } }))

/** Refuses other methods on a path such as `/batch`: hono would take `batch` for the id of `/:id`. */
export const only = (...methods: string[]) =>
  factory.createMiddleware(async (c, next) =>
    methods.includes(c.req.method) ? await next() : renderMethodNotAllowed(c, methods),
  )
