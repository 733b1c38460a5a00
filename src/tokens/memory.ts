import { lruCache } from '../storage/lru-cache.ts'
import type { TokenState } from './record.ts'
import { SUSPENDED_KEY } from './suspended.ts'

/** Why a token is refused: for the log, never for the client. */
export type WhyRefused = 'missing' | 'malformed' | 'unknown' | Exclude<TokenState, 'live'>

/** A revocation takes a minute to be known everywhere. This adds to that, so it is short. */
const LONGEST_MILLISECONDS = 10_000
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
 * KV's values of the keys. Those that the isolate doesn't remember are read in one call, and remembered for `seconds`,
 * ten at most. That a key is absent is remembered only for the list of suspended clinics: a newly published catalogue is
 * found at once.
 */
export async function valuesOf(
  keys: readonly string[],
  seconds: number,
  read: (keys: string[]) => Promise<ReadonlyMap<string, string | null>>,
): Promise<ReadonlyMap<string, string | null | undefined>> {
  const values = new Map(keys.map((key) => [key, known.recall(key)]))
  const missing = keys.filter((key) => values.get(key) === undefined)
  for (const [key, value] of missing.length > 0 ? await read(missing) : []) {
    values.set(key, value)
    if (value !== null || key === SUSPENDED_KEY) known.remember(key, value, seconds * 1000)
  }
  return values
}

/** Why tokens were refused, by their keys. A new token isn't here: nobody could try it before it was issued. */
export const turnedAway = brief<WhyRefused>()
