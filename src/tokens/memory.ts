import { recent } from '../db/recent.ts'

/** What KV held under the key of a token that was let in, and under the keys read beside it. */
export type TokenValues = ReadonlyMap<string, string | null>

/** A revocation is known a minute after it everywhere; this adds to that, so it is kept small. */
const LONGEST_SECONDS = 10
/** Their texts take some 300 bytes each. */
const ENTRIES = 1000

const memory = recent<{ values: TokenValues; until: number }>(ENTRIES)

const nameOf = (keys: readonly string[]) => keys.join(' ')

/** What this isolate read under these keys a moment ago, if that may still be taken for true. */
export function recall(keys: readonly string[]): TokenValues | undefined {
  const remembered = memory.get(nameOf(keys))
  return remembered && Date.now() < remembered.until ? remembered.values : undefined
}

/**
 * Keeps for some seconds, ten at most, what KV said of a token that was let in. What is absent is never kept,
 * so that a token just issued and a catalogue just published are found at once.
 */
export function remember(keys: readonly string[], values: TokenValues, seconds: number): void {
  const isPositive = keys.every((key) => typeof values.get(key) === 'string')
  if (!isPositive || !(seconds > 0)) return

  const until = Date.now() + Math.min(seconds, LONGEST_SECONDS) * 1000
  memory.set(nameOf(keys), { values, until })
}
