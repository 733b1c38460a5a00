import type { Context } from 'hono'
import { recordReader } from '../storage/lru-cache.ts'
import { factory, type Env } from '../env.ts'
import { cellsOf } from '../tokens/cell.ts'
import { turnedAway, valuesOf, type WhyRefused } from '../tokens/memory.ts'
import { NOTICE, stateOf, tokenRecord, type Scope } from '../tokens/record.ts'
import { SUSPENDED_KEY, suspendedIn } from '../tokens/suspended.ts'
import { cellOfToken, isWellFormedToken, tokenIdOf, tokenKey } from '../tokens/token.ts'
import { noted, type AuditEvent } from './describe.ts'
import { misdirected, refusal } from './errors.ts'
import { TOKEN_EXPIRES } from './headers.ts'
import { unlessSuspended } from './open-database.ts'
import { countRequests, limitAddress } from './limit-rate.ts'

/** Parses each record's text only once. */
const readTokenRecord = recordReader(1000, tokenRecord)

async function refuse(c: Context<Env>, why: WhyRefused): Promise<never> {
  c.set('refused', why)
  // A preflight never sends a token, so nobody can guess one with it.
  const isPreflight =
    c.req.method === 'OPTIONS' && c.req.header('Access-Control-Request-Method') !== undefined
  if (why !== 'missing' || !isPreflight) await limitAddress(c)
  throw refusal('unauthorized', {
    headers: { 'WWW-Authenticate': 'X-User-Token realm="clinic insurances"' },
  })
}

/**
 * Lets in whoever holds a live token, and sets `caller`. All other tokens get the same answer, whatever is wrong with
 * them; a mistyped one costs no read. A token of another cell that isn't stored here is sent there, whether it exists
 * or not; so is one whose clinic has moved. `extraKeyOf` names a KV key that a path also needs, to be read in the same
 * call. In a token's last 14 days, every answer says when it expires.
 */
export const authenticate = (extraKeyOf: (path: string) => string | undefined) =>
  factory.createMiddleware(async (c, next) => {
    const token = c.req.header('X-User-Token')
    if (!token) return await refuse(c, 'missing')
    if (!isWellFormedToken(token)) return await refuse(c, 'malformed')

    const key = await tokenKey(token)
    const refused = turnedAway.recall(key)
    if (refused) return await refuse(c, refused)

    const extraKey = extraKeyOf(c.req.path)
    const keys = [key, SUSPENDED_KEY, ...(extraKey === undefined ? [] : [extraKey])]
    const values = await valuesOf(c.env, keys)

    const held = values.get(key) ?? null
    const record = readTokenRecord(held)
    const state = record ? stateOf(record) : 'unknown'
    if (record && (state === 'live' || state === 'moved')) {
      const { clinic_id: clinicId, label, scopes, expires_at: expiresAt } = record
      const isSuspended = suspendedIn(values.get(SUSPENDED_KEY)).includes(clinicId)
      const tokenId = tokenIdOf(key)
      c.set('caller', { tokenId, clinicId, label, scopes, expiresAt, isSuspended })
    }
    const keeper = held === null ? cellOfToken(token) : record?.moved_to
    const origin = keeper && keeper !== c.env.CELL ? cellsOf(c.env)[keeper] : undefined
    if (origin) {
      await (state === 'moved' ? countRequests(c, 1) : limitAddress(c))
      throw misdirected(origin)
    }
    if (state !== 'live') {
      turnedAway.remember(key, state)
      return await refuse(c, state)
    }

    if (extraKey !== undefined) c.set('extraValue', values.get(extraKey) ?? null)
    await next()

    const { expiresAt } = c.get('caller')
    const isEnding = expiresAt !== null && Date.parse(expiresAt) - Date.now() <= NOTICE
    if (isEnding) c.res.headers.set(TOKEN_EXPIRES, expiresAt)
  })

/**
 * Refuses a suspended clinic's caller. It runs after leaveTrail and limitRate, so the request is still recorded and
 * counted.
 */
export const refuseSuspended = factory.createMiddleware(async (c, next) => {
  if (c.get('caller').isSuspended) throw refusal('suspended')
  await next()
})

/** Refuses a token without the scope, and reads of a suspended clinic's records. */
export const requireScope = (scope: Scope, event?: AuditEvent) =>
  noted(
    factory.createMiddleware(async (c, next) => {
      if (!c.get('caller').scopes.includes(scope)) throw refusal('forbidden', { detail: scope })
      if (scope === 'insurances:read') c.set('db', unlessSuspended(c.get('db'), c.get('caller')))
      await next()
    }),
    { scope, ...(event && { event }) },
  )
