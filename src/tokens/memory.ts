import { lruCache } from '../storage/lru-cache.ts'
import type { TokenState } from './record.ts'
import { SUSPENDED_KEY } from './suspended.ts'

/** KV's values for the key of an accepted token and for the keys read with it. */
type TokenValues = ReadonlyMap<string, string | null>

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

/** KV's values for accepted tokens, by the keys that were read. */
export const letIn = brief<TokenValues>()

/** Why tokens were refused, by their keys. A new token isn't here: nobody could try it before it was issued. */
export const turnedAway = brief<WhyRefused>()

/**
 * Whether KV's answer may be remembered. An absent value may not, so that a newly published catalogue is found at once.
 * Only the list of suspended clinics may be absent.
 */
export const isComplete = (values: TokenValues, keys: readonly string[]) =>
  keys.every((key) => key === SUSPENDED_KEY || typeof values.get(key) === 'string')
