/** Storage did not answer, or said that it cannot now. Whether a write took hold is not known. */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable'
}

/** What to do about a failure: another try, none because it would only add to the load, or let it be seen. */
export type Remedy = 'try again' | 'give up' | 'throw'

const TRIES = 3
/** Three tries of D1 and three of KV, with the pauses between them, end within some ten seconds. */
const TRY_MILLISECONDS = 2_500
export const KV_TRY_MILLISECONDS = 750
const FIRST_PAUSE_MILLISECONDS = 50

/**
 * Runs what is safe to run twice, up to three times. The pauses have full jitter: random, from nothing to a
 * bound that doubles, so that clients do not return in step. Throws StorageUnavailable, or what is no fault
 * of the way to storage as it is.
 */
export async function attempt<Answer>(
  run: () => Promise<Answer>,
  remedyFor: (failure: unknown) => Remedy,
  tryMilliseconds = TRY_MILLISECONDS,
): Promise<Answer> {
  for (let tried = 1; ; tried++) {
    try {
      return await withinTime(run(), tryMilliseconds)
    } catch (failure) {
      const remedy = failure instanceof TooLate ? 'try again' : remedyFor(failure)
      if (remedy === 'throw') throw failure
      if (remedy === 'give up' || tried === TRIES) throw new StorageUnavailable()
      await pause(Math.random() * FIRST_PAUSE_MILLISECONDS * 2 ** tried)
    }
  }
}

class TooLate extends Error {}

/** The promise's answer, unless the time is up before it comes. */
export async function withinTime<Answer>(
  promise: Promise<Answer>,
  milliseconds: number,
): Promise<Answer> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new TooLate()), milliseconds)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds))
