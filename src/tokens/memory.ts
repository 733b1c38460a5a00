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

const letIn = recent<{ values: TokenValues; until: number }>(ENTRIES)
const refused = recent<{ why: WhyRefused; until: number }>(ENTRIES)

const nameOf = (keys: readonly string[]) => keys.join(' ')

/** What this isolate read under these keys a moment ago, if that may still be taken for true. */
export function recall(keys: readonly string[], now = Date.now()): TokenValues | undefined {
  const remembered = letIn.get(nameOf(keys))
  return remembered && now < remembered.until ? remembered.values : undefined
}

/**
 * Keeps for some seconds, ten at most, what KV said of a token that was let in. What is absent is never kept, so
 * that a catalogue just published is found at once; only that no clinic is suspended.
 */
export function remember(
  keys: readonly string[],
  values: TokenValues,
  seconds: number,
  now = Date.now(),
): void {
  const isPositive = keys.every(
    (one) => one === SUSPENDED_KEY || typeof values.get(one) === 'string',
  )
  if (!isPositive || !(seconds > 0)) return

  const until = now + Math.min(seconds * 1000, LONGEST_MILLISECONDS)
  letIn.set(nameOf(keys), { values, until })
}

/** Why KV, asked about the token a moment ago, had no live one; undefined if it was not asked or had one. */
export function recallRefusal(key: string, now = Date.now()): WhyRefused | undefined {
  const remembered = refused.get(key)
  return remembered && now < remembered.until ? remembered.why : undefined
}

/** Keeps for ten seconds that KV has no live token under the key. One just issued was never asked for before. */
export const rememberRefusal = (key: string, why: WhyRefused, now = Date.now()) =>
  refused.set(key, { why, until: now + LONGEST_MILLISECONDS })
