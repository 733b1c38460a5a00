import type { Context } from 'hono'
import { attempt, KV_TRY_MILLISECONDS } from '../storage/retry.ts'
import { recordReader } from '../storage/recent.ts'
import { factory, type Env } from '../env.ts'
import { cellsOf } from '../tokens/cell.ts'
import {
  recall,
  recallRefusal,
  remember,
  rememberRefusal,
  type WhyRefused,
} from '../tokens/memory.ts'
import { stateOf, tokenRecord, type Scope } from '../tokens/record.ts'
import { cellOfToken, isWellFormedToken, tokenIdOf, tokenKey } from '../tokens/token.ts'
import { noted, operationOf } from './describe.ts'
import { misdirected, refusal } from './errors.ts'
import { limitAddress } from './limit-rate.ts'

/** How long, in seconds, an edge may answer a KV read from its own copy: the least that KV allows. */
const KV_CACHE_SECONDS = 30

/** A record says the same for as long as its text does, so it is parsed once. */
const readTokenRecord = recordReader(1000, tokenRecord)

async function refuse(c: Context<Env>, why: WhyRefused): Promise<never> {
  c.set('refused', why)
  await limitAddress(c)
  throw refusal('unauthorized', {
    headers: { 'WWW-Authenticate': 'X-User-Token realm="clinic insurances"' },
  })
}

/** Where the cell answers, if it is another one than this. */
const originElsewhere = ({ env }: Context<Env>, cell = env.CELL) =>
  cell === env.CELL ? undefined : cellsOf(env)[cell ?? '']

/**
 * Lets in whoever holds a live token, and sets `caller`. Every other token is refused with the same answer,
 * whatever is wrong with it; a mistyped one costs no read. A token of another cell that is not held here is sent
 * there, whether it exists or not; so is one whose clinic has moved.
 */
export const authenticate = factory.createMiddleware(async (c, next) => {
  const token = c.req.header('X-User-Token')
  if (!token) return await refuse(c, 'missing')
  if (!isWellFormedToken(token)) return await refuse(c, 'malformed')

  const key = await tokenKey(token)
  const refused = recallRefusal(key)
  if (refused) return await refuse(c, refused)

  const beside = operationOf(c)?.besideToken
  const keys = beside === undefined ? [key] : [key, beside]
  const memorySeconds = Number(c.env.TOKEN_MEMORY_SECONDS)
  const recalled = recall(keys)
  const values = recalled ?? (await readKeys(c.env.TOKENS, keys))

  const held = values.get(key) ?? null
  const record = readTokenRecord(held ?? 'null')
  const keeper = held === null ? cellOfToken(token) : record.data?.moved_to
  const origin = originElsewhere(c, keeper)
  if (origin) {
    if (held === null) await limitAddress(c)
    throw misdirected(origin)
  }
  const state = record.success ? stateOf(record.data) : 'unknown'
  if (!record.success || state !== 'live') {
    const why = state === 'live' ? 'unknown' : state
    rememberRefusal(key, why)
    return await refuse(c, why)
  }
  if (record.data.suspended) throw refusal('suspended')

  if (!recalled) remember(keys, values, memorySeconds)
  c.set('valuesBesideToken', values)
  c.set('caller', {
    tokenId: tokenIdOf(key),
    clinicId: record.data.clinic_id,
    label: record.data.label,
    scopes: record.data.scopes,
    expiresAt: record.data.expires_at,
  })
  await next()
})

/** Refuses a caller whose token lacks the scope. */
export const requireScope = (scope: Scope) =>
  noted(
    factory.createMiddleware(async (c, next) => {
      if (!c.get('caller').scopes.includes(scope)) throw refusal('forbidden', { detail: scope })
      await next()
    }),
    { scope },
  )

/** KV tells no reasons apart, so every failure is worth another try. */
const readKeys = (kv: KVNamespace, keys: string[]): Promise<Map<string, string | null>> =>
  attempt(
    () => kv.get(keys, { type: 'text', cacheTtl: KV_CACHE_SECONDS }),
    () => 'try again',
    KV_TRY_MILLISECONDS,
  )
