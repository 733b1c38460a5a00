/** Something the operator can put right; its message says how. Anything else that throws is our fault. */
export class Failure extends Error {}

/** The command line itself is at fault: an option missing or malformed. */
export class Misuse extends Failure {}

const stopping = new AbortController()

/** Why the command stops, once it was told to: whatever fails after that, fails of it. */
export const reasonToStop = (): unknown => stopping.signal.reason

/**
 * A signal that aborts at the first Ctrl-C, for commands that work in steps: they stop between two steps. The
 * second Ctrl-C ends the process as it always does. Call it once the store is open: Miniflare listens as well,
 * and would end the process in the middle of a step.
 */
export function stopAtCtrlC(): AbortSignal {
  const stop = () =>
    stopping.abort(
      new Failure('stopped: every step done so far is whole; run the same command again to go on'),
    )
  for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal).once(signal, stop)
  return stopping.signal
}
