import type { Context } from 'hono'
import type { Env } from '../env.ts'
import { invalid } from '../http/errors.ts'
import { isNoneOf } from '../http/etag.ts'
import { jsonText } from '../http/json-answer.ts'
import { errorsOfBroken, type Broken } from './refusals.ts'
import type { Resource } from './resource.ts'
import type { Answered, Written } from './write.ts'

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

/** What was written, now or under the same key before. Throws the refusal of records that break references or rules. */
export function writtenOrThrow(
  c: Context<Env>,
  resource: Resource,
  outcome: Written | { broken: Broken[] },
  isBatch = false,
): Written {
  if ('broken' in outcome) throw invalid(errorsOfBroken(resource, outcome.broken, isBatch))
  c.set('isJournaled', outcome.isJournaled)
  if (outcome.isReplayed) c.header('Idempotent-Replayed', 'true')
  return outcome
}
