import type { Context } from 'hono'
import { attempt, KV_TRY_MILLISECONDS } from '../db/attempts.ts'
import { factory, type Env } from '../factory.ts'
import { recordReader } from '../db/recent.ts'
import { recall, remember } from '../tokens/memory.ts'
import { isLive, tokenRecord, type Scope } from '../tokens/record.ts'
import { isWellFormedToken, tokenIdOf, tokenKey } from '../tokens/token.ts'
import { noted } from './describe.ts'
import { refusal } from './errors.ts'
import { limitFailures } from './limit-rate.ts'

/** How long, in seconds, an edge may answer a KV read from its own copy: the least that KV allows. */
const KV_CACHE_SECONDS = 30

/** A record says the same for as long as its text does, so it is parsed once. */
const readTokenRecord = recordReader(1000, tokenRecord)

async function refuse(c: Context<Env>): Promise<never> {
  await limitFailures(c)
  throw refusal('unauthorized', {
    'WWW-Authenticate': 'X-User-Token realm="clinic insurances"',
  })
}

/** Makes `authenticate`, further down, read these KV keys together with the token. */
export const readBesideToken = (...keys: string[]) =>
  factory.createMiddleware(async (c, next) => {
    c.set('keysBesideToken', keys)
    await next()
  })

/**
 * Lets in whoever holds a live token, and sets `caller`. Every other token is refused with the same answer,
 * whatever is wrong with it; a mistyped one costs no read.
 */
export const authenticate = factory.createMiddleware(async (c, next) => {
  const token = c.req.header('X-User-Token')
  if (token === undefined || !isWellFormedToken(token)) return await refuse(c)

  const key = await tokenKey(token)
  const keys = [key, ...(c.get('keysBesideToken') ?? [])]
  const recalled = recall(keys)
  const values = recalled ?? (await readKeys(c.env.TOKENS, keys))

  const record = readTokenRecord(values.get(key) ?? 'null')
  if (!record.success || !isLive(record.data, Date.now())) return await refuse(c)

  if (!recalled) remember(keys, values, Number(c.env.TOKEN_MEMORY_SECONDS))
  c.set('valuesBesideToken', values)
  c.set('caller', {
    tokenId: tokenIdOf(key),
    clinicId: record.data.clinic_id,
    scopes: record.data.scopes,
  })
  await next()
})

/** Refuses a caller whose token lacks the scope. */
export const requireScope = (scope: Scope) =>
  noted(
    factory.createMiddleware(async (c, next) => {
      if (!c.get('caller').scopes.includes(scope)) throw refusal('forbidden')
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
