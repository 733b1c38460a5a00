import { storageFaultOf, StorageUnavailable, type Remedy } from './faults.ts'

const TRIES = 3
/** Three tries of D1 and three of KV, with their pauses, take about ten seconds at most. */
const TRY_MILLISECONDS = 2_500
export const KV_TRY_MILLISECONDS = 750
const FIRST_PAUSE_MILLISECONDS = 50
/** The average pause between tries while another writer is busy. */
const WAIT_MILLISECONDS = 100

/**
 * Runs what is safe to run twice, up to three times. The pauses have full jitter (random, up to a bound that doubles),
 * so that clients don't retry in step. Throws StorageUnavailable, or the failure itself if its remedy is `throw`.
 */
export async function attempt<Answer>(
  run: () => Promise<Answer>,
  remedyFor: (failure: unknown) => Remedy,
  tryMilliseconds = TRY_MILLISECONDS,
): Promise<Answer> {
  const waitUntil = Date.now() + 2 * tryMilliseconds
  for (let tried = 1; ;) {
    try {
      return await withinTime(run(), tryMilliseconds)
    } catch (failure) {
      const remedy = failure instanceof TooLate ? 'try again' : remedyFor(failure)
      if (remedy === 'throw') throw failure
      const isWaiting = remedy === 'wait' && Date.now() < waitUntil
      if (!isWaiting && (remedy !== 'try again' || tried === TRIES)) {
        throw new StorageUnavailable(storageFaultOf(failure) ?? 'timeout')
      }
      const longest = isWaiting ? 2 * WAIT_MILLISECONDS : FIRST_PAUSE_MILLISECONDS * 2 ** tried
      await new Promise((resolve) => setTimeout(resolve, Math.random() * longest))
      if (!isWaiting) tried++
    }
  }
}

class TooLate extends Error {}

/** The promise's result; rejects if it takes longer. */
export async function withinTime<Answer>(
  promise: Promise<Answer>,
  milliseconds: number,
  tooLate: () => Error = () => new TooLate(),
): Promise<Answer> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(tooLate()), milliseconds)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
