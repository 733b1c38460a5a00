import { lruCache } from '../storage/lru-cache.ts'
import { attempt, KV_TRY_MILLISECONDS } from '../storage/retry.ts'
import type { TokenState } from './record.ts'
import { SUSPENDED_KEY } from './suspended.ts'

/** Why a token is refused: for the log, never for the client. */
export type WhyRefused = 'missing' | 'malformed' | 'unknown' | Exclude<TokenState, 'live'>

/** A revocation takes a minute to be known everywhere. This adds to that, so it is short. */
const LONGEST_MILLISECONDS = 10_000
/** How long an edge may serve a KV read from its cache, in seconds: the least that KV allows. */
const KV_CACHE_SECONDS = 30
/** Each takes some 300 bytes. */
const ENTRIES = 1000

/** Remembers values in the isolate for at most ten seconds. */
function brief<Value>() {
  const memory = lruCache<{ value: Value; until: number }>(ENTRIES)
  return {
    recall(key: string): Value | undefined {
      const remembered = memory.get(key)
      return remembered && Date.now() < remembered.until ? remembered.value : undefined
    },
    remember(key: string, value: Value, milliseconds = LONGEST_MILLISECONDS): void {
      const until = Date.now() + Math.min(milliseconds, LONGEST_MILLISECONDS)
      memory.set(key, { value, until })
    },
  }
}

const known = brief<string | null>()

/**
 * The values of the keys in KV. One call reads those that the isolate doesn't remember, and it then remembers them for
 * `TOKEN_MEMORY_SECONDS`, ten at most. A missing value isn't remembered, so that a newly published catalogue is found at
 * once; only the list of suspended clinics may be missing. Throws StorageUnavailable.
 */
export async function valuesOf(
  { TOKENS, TOKEN_MEMORY_SECONDS }: { TOKENS: KVNamespace; TOKEN_MEMORY_SECONDS?: string },
  keys: readonly string[],
): Promise<ReadonlyMap<string, string | null | undefined>> {
  const values = new Map(keys.map((key) => [key, known.recall(key)]))
  const unknown = keys.filter((key) => values.get(key) === undefined)
  if (unknown.length === 0) return values

  const read = await attempt(
    () => TOKENS.get(unknown, { type: 'text', cacheTtl: KV_CACHE_SECONDS }),
    // KV's errors don't say why, so every failure is tried again.
    () => 'try again',
    KV_TRY_MILLISECONDS,
  )
  const milliseconds = Number(TOKEN_MEMORY_SECONDS) * 1000
  for (const [key, value] of read) {
    values.set(key, value)
    if (value !== null || key === SUSPENDED_KEY) known.remember(key, value, milliseconds)
  }
  return values
}

/** Why tokens were refused, by their keys. A new token isn't here: nobody could try it before it was issued. */
export const turnedAway = brief<WhyRefused>()
