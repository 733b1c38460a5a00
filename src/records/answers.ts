import type { Context } from 'hono'
import type { Env } from '../env.ts'
import { isNoneOf } from '../http/etag.ts'
import { linkHeader, listBody } from '../http/pagination.ts'
import type { ListQuery, Page } from '../fields/paging.ts'
import type { Answered, Written } from './write.ts'

/** Answers with text that is already JSON. */
export const jsonText = (c: Context<Env>, status: 200 | 201, text: string) =>
  c.body(text, status, { 'Content-Type': 'application/json' })

/** Answers a list with its `Link` header, whose URLs keep the filters of the validated `query`. */
export function paginated(c: Context<Env>, key: string, page: Page, query: ListQuery) {
  c.set('recordIds', page.ids)
  c.header('Link', linkHeader(new URL(c.req.path, c.req.url).href, page, query))
  return jsonText(c, 200, listBody(key, page, query))
}

/** Answers a record with its ETag, or 304 if the client's copy is up to date. */
export function answerRecord(c: Context<Env>, status: 200 | 201, record: Answered) {
  const etag = `"${record.etag}"`
  c.set('recordIds', [record.id])
  c.header('ETag', etag)
  c.header('Vary', 'X-User-Token', { append: true })
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
  if (isRead && !isNoneOf(etag, c.req.header('If-None-Match'))) return c.body(null, 304)
  return jsonText(c, status, answeredJson(c, record))
}

/** The record's JSON; without the scope `insurances:read`, only its id and times. */
export function answeredJson(c: Context<Env>, { json }: Answered): string {
  if (c.get('caller').scopes.includes('insurances:read')) return json
  const { id, created_at, updated_at }: Record<string, unknown> = JSON.parse(json)
  return JSON.stringify({ id, created_at, updated_at })
}

/** Notes whether the write is in the journal, and whether it replays an earlier one with the same key. */
export function markWritten(c: Context<Env>, { isJournaled, isReplayed }: Written): void {
  c.set('isJournaled', isJournaled)
  if (isReplayed) c.header('Idempotent-Replayed', 'true')
}
