import type { Context } from 'hono'
import type { Env } from '../env.ts'
import { CANNOT_CHANGE, INVALID } from '../fields/messages.ts'
import { invalid, refusal, type FieldErrors } from '../http/errors.ts'
import { isNoneOf } from '../http/etag.ts'
import { IDEMPOTENCY_KEY } from '../http/headers.ts'
import { jsonText } from '../http/json-answer.ts'
import type { Answered, Ended } from './journal.ts'

const KEY_USED = 'has already been used for another request'

/** Answers a record with its ETag, or 304 if a reader's copy is up to date. */
export function answerRecord(c: Context<Env>, status: 200 | 201, record: Answered) {
  const etag = `"${record.etag}"`
  c.set('recordIds', [record.id])
  c.header('ETag', etag)
  c.header('Vary', 'X-User-Token', { append: true })
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
  if (isRead && !isNoneOf(etag, c.req.header('If-None-Match'))) return c.body(null, 304)
  return jsonText(c, status, record.json)
}

/** Refuses what a write ended in, if it was refused. A replay says so; `isJournaled` is true of a first time. */
export function settle(c: Context<Env>, ended: Ended, isJournaled: boolean): void {
  if (ended.outcome === 'conflict') throw invalid({ [IDEMPOTENCY_KEY]: [KEY_USED] })
  if (ended.outcome === 'closed') throw refusal(ended.because)
  if (ended.outcome === 'replayed') c.header('Idempotent-Replayed', 'true')
  else c.set('isJournaled', isJournaled)
}

/** What is wrong with an amendment of columns that have their value for good, or with a mask of another SSN. */
export const fixedErrors = (columns: readonly string[]): FieldErrors =>
  Object.fromEntries(
    columns.map((column) =>
      column === 'ssn_last_four' ? ['ssn', [INVALID]] : [column, [CANNOT_CHANGE]],
    ),
  )
