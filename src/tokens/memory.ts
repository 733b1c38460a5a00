import { recent } from '../storage/recent.ts'
import type { TokenState } from './record.ts'
import { SUSPENDED_KEY } from './suspended.ts'

/** What KV held under the key of a token that was let in, and under the keys read beside it. */
export type TokenValues = ReadonlyMap<string, string | null>

/** Why a token lets nobody in: for the log, never for the client. */
export type WhyRefused = 'missing' | 'malformed' | 'unknown' | Exclude<TokenState, 'live'>

/** A revocation is known a minute after it everywhere; this adds to that, so it is kept small. */
const LONGEST_MILLISECONDS = 10_000
/** Their texts take some 300 bytes each. */
const ENTRIES = 1000

/** Values that an isolate remembers for some seconds, ten at most. */
function brief<Value>() {
  const memory = recent<{ value: Value; until: number }>(ENTRIES)
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

/** What KV said of the tokens that were let in, by the keys that were read. */
export const letIn = brief<TokenValues>()

/** Why KV, asked about a token's key, had no live one. A token that was just issued was never asked for before. */
export const turnedAway = brief<WhyRefused>()

/**
 * Whether KV's answer may be remembered. What is absent may not, so that a catalogue just published is found at once;
 * only that no clinic is suspended.
 */
export const isComplete = (values: TokenValues, keys: readonly string[]) =>
  keys.every((key) => key === SUSPENDED_KEY || typeof values.get(key) === 'string')
