/** Error messages by field. */
export type FieldErrors = Record<string, string[]>

/** A refusal by the API. The message names fields and what is wrong with them, never the values sent. */
export class ClinicInsurancesError extends Error {
  override readonly name = 'ClinicInsurancesError'
  readonly status: number
  /** The `errors` of the answer: one sentence, or messages by field. */
  readonly errors: string | FieldErrors
  /** Messages by field; empty if the refusal is not about fields. */
  readonly fieldErrors: FieldErrors
  /** The id of the request. Quote it when you report a problem to whoever runs the API. */
  readonly requestId: string | undefined
  /** The origin that keeps your clinic's records, if it is another one (status 421). */
  readonly origin: string | undefined

  constructor(status: number, errors: string | FieldErrors, requestId: string | undefined) {
    const fieldErrors = typeof errors === 'string' ? {} : errors
    const byField = Object.entries(fieldErrors).map(
      ([field, messages]) => `${field} ${messages.join(' and ')}`,
    )
    super(`${status}: ${typeof errors === 'string' ? errors : byField.join(', ')}`)
    this.status = status
    this.errors = errors
    this.fieldErrors = fieldErrors
    this.requestId = requestId
    this.origin = status === 421 ? /https?:\/\/\S+$/.exec(this.message)?.[0] : undefined
  }
}

/** Turns a refusal into an error. If the API did not send it, the message is its HTTP status. */
export async function errorOf(response: Response): Promise<ClinicInsurancesError> {
  const { status, headers } = response
  const body = await response.json<{ errors?: string | FieldErrors }>().catch(() => undefined)
  const isElsewhere = status === 0 || headers.has('Location')
  const sentence = isElsewhere
    ? 'the API is not here: redirects are not followed'
    : `HTTP ${status}`
  const requestId = headers.get('X-Request-Id') ?? undefined
  return new ClinicInsurancesError(status, body?.errors ?? sentence, requestId)
}

const etags = new WeakMap<object, string>()

/** The ETag of a record that a client read: put it into a form, and pass it as `unlessChangedSince` later. */
export function etagOf(record: object): string {
  const etag = etags.get(record)
  if (etag !== undefined) return etag
  throw new TypeError('this record was not read by a client: a copy of one has no ETag')
}

/** Parses the body and remembers its ETag; undefined if there is no body. */
export async function bodyOf(response: Response) {
  const body = response.status === 204 ? undefined : JSON.parse(await response.text())
  const etag = response.headers.get('ETag')
  if (etag !== null) etags.set(body, etag)
  return body
}
