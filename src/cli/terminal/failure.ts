import { CommanderError } from '@commander-js/extra-typings'
import { StorageUnavailable } from '../../db/attempts.ts'
import { note } from './report.ts'

/** Something that the operator can put right; the message says how. Anything else that is thrown is our fault. */
export class Failure extends Error {}

/** The command line is wrong: an option is missing or malformed. */
export class Misuse extends Failure {}

/** Exit status: 0 done, 1 failed, 2 usage error. */
export const FAILED = 1
const MISUSED = 2

/** Says what went wrong and what to do, and gives the exit status. */
export function explain(error: unknown): number {
  const reason: unknown = stopping.signal.reason ?? error
  if (reason instanceof CommanderError) return reason.exitCode === 0 ? 0 : MISUSED
  note(`error: ${messageOf(reason)}`)
  return reason instanceof Misuse ? MISUSED : FAILED
}

/** An unforeseen error is only named: its message may quote a record. */
function messageOf(error: unknown): string {
  if (error instanceof Failure) return error.message
  if (error instanceof StorageUnavailable) {
    return 'storage does not answer; what was written so far is complete, so run this again'
  }
  return error instanceof Error ? error.name : 'unknown failure'
}

/** Once it has aborted, whatever fails does so because of it. */
const stopping = new AbortController()

/**
 * A signal that aborts at the first Ctrl-C, for commands that work in steps: they stop between two steps. A
 * second Ctrl-C ends the process at once. Call it when the store is open: Miniflare listens to signals too, and
 * would end the process in the middle of a step.
 */
export function stopAtCtrlC(): AbortSignal {
  const stop = () =>
    stopping.abort(
      new Failure(
        'stopped; what was written so far is complete: run the same command again to go on',
      ),
    )
  for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal).once(signal, stop)
  return stopping.signal
}
