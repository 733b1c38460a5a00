/** Something the operator can put right; its message says how. Anything else that throws is our fault. */
export class Failure extends Error {}

/** The command line itself is at fault: an option missing or malformed. */
export class Misuse extends Failure {}

/**
 * A signal that aborts at the first Ctrl-C, for commands that write in steps: they stop between two steps. The
 * second Ctrl-C ends the process as it always does.
 */
export function stopAtCtrlC(): AbortSignal {
  const controller = new AbortController()
  const stop = () =>
    controller.abort(
      new Failure('stopped: every step done so far is whole; run the same command again to go on'),
    )
  process.once('SIGINT', stop).once('SIGTERM', stop)
  return controller.signal
}
