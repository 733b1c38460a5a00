/** Messages of each field that is wrong. */
export type FieldErrors = Record<string, string[]>

/** The API refused. The message names fields and what is wrong with them, never what was sent. */
export class ClinicInsurancesError extends Error {
  override readonly name = 'ClinicInsurancesError'
  readonly status: number
  /** The `errors` of the answer: one sentence, or messages by field. */
  readonly errors: string | FieldErrors
  /** Messages by field; none if the refusal is not about fields. */
  readonly fieldErrors: FieldErrors
  /** Names the request; tell it to whoever runs the API. */
  readonly requestId: string | undefined
  /** Where your clinic's records are kept, if that is elsewhere (status 421). */
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

/** The error that a refusal stands for. One that did not come from the API has its status for a sentence. */
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

/** Names the version of a record that a client read. Put it into a form, and give it as `unlessChangedSince` later. */
export function etagOf(record: object): string {
  const etag = etags.get(record)
  if (etag !== undefined) return etag
  throw new TypeError('this record was not read by a client: a copy of one has no ETag')
}

/** The body of an answer, whose ETag is remembered; undefined if it has none. */
export async function bodyOf(response: Response) {
  const body = response.status === 204 ? undefined : JSON.parse(await response.text())
  const etag = response.headers.get('ETag')
  if (etag !== null) etags.set(body, etag)
  return body
}
