import type { Context } from 'hono'
import type { Env } from '../env.ts'
import { CANNOT_CHANGE, INVALID } from '../fields/messages.ts'
import { ApiError, invalid, refusal, type FieldErrors } from '../http/errors.ts'
import { isNoneOf } from '../http/etag.ts'
import { IDEMPOTENCY_KEY } from '../http/headers.ts'
import { jsonText } from '../http/json-answer.ts'
import type { Amended } from './amend.ts'
import { MOST_IDS, type Created } from './create.ts'
import type { Deleted } from './delete.ts'
import { errorsOfBroken } from './refusals.ts'
import type { Resource } from './resource.ts'
import type { Answered, Written } from './write.ts'

const KEY_USED = 'has already been used for another request'

/** Answers a record with its ETag, or 304 if a reader's copy is up to date. */
export function answerRecord(c: Context<Env>, status: 200 | 201, record: Answered) {
  const etag = `"${record.etag}"`
  c.set('recordIds', [record.id])
  c.header('ETag', etag)
  c.header('Vary', 'X-User-Token', { append: true })
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
  if (isRead && !isNoneOf(etag, c.req.header('If-None-Match'))) return c.body(null, 304)
  return jsonText(c, status, answeredJson(c, record))
}

/** What is answered of a record: all of it to whoever may read, else that it is there. */
export function answeredJson(c: Context<Env>, { json }: Answered): string {
  if (c.get('caller').scopes.includes('insurances:read')) return json
  const { id, created_at, updated_at }: Record<string, unknown> = JSON.parse(json)
  return JSON.stringify({ id, created_at, updated_at })
}

/** What was written, now or under the same key before; throws the refusal if nothing was. */
export function writtenOrThrow(
  c: Context<Env>,
  resource: Resource,
  outcome: Created | Amended | Deleted,
): Written {
  switch (outcome.outcome) {
    case 'conflict':
      throw invalid({ [IDEMPOTENCY_KEY]: [KEY_USED] })
    case 'closed':
      throw refusal(outcome.because)
    case 'absent':
      throw absent(resource)
    case 'stale':
      throw refusal('stale')
    case 'fixed':
      throw invalid(fixedErrors(outcome.fixed))
    case 'limited':
      throw refusal('limited')
    case 'full':
      throw invalid({ [resource.one]: [`can't be created: a clinic has ${MOST_IDS} ids at most`] })
    case 'refused': {
      c.set('isTelling', true)
      const at = c.req.path.endsWith('/batch') ? placeIn(resource) : () => ''
      throw invalid(
        Object.assign(
          {},
          ...outcome.broken.map(({ place, names }) =>
            prefixed(errorsOfBroken(resource, names), at(place)),
          ),
        ),
      )
    }
  }
  if (outcome.outcome === 'replayed') c.header('Idempotent-Replayed', 'true')
  else c.set('isJournaled', outcome.isJournaled)
  return outcome
}

export const absent = ({ notFound }: Resource) => new ApiError(404, notFound)

/** How errors name a record of a batch, from 0: `dependents[3].` */
export const placeIn =
  ({ name }: Resource) =>
  (place: number) =>
    `${name}[${place}].`

export const prefixed = (errors: FieldErrors, prefix: string): FieldErrors =>
  Object.fromEntries(Object.entries(errors).map(([field, messages]) => [prefix + field, messages]))

/** What is wrong with an amendment of columns that have their value for good, or with a mask of another SSN. */
const fixedErrors = (columns: readonly string[]): FieldErrors =>
  Object.fromEntries(
    columns.map((column) =>
      column === 'ssn_last_four' ? ['ssn', [INVALID]] : [column, [CANNOT_CHANGE]],
    ),
  )
