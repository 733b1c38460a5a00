import { CommanderError } from 'commander'
import { sentenceOf } from './sentences.ts'
import { note, print } from './report.ts'

/** An error that the operator can fix; its message says how. Any other error is a bug of ours. */
export class Failure extends Error {}

/** The command line is wrong: an option is missing or malformed. */
export class Misuse extends Failure {}

/** Exit status: 0 done, 1 failed, 2 usage error. */
export const FAILED = 1
const MISUSED = 2

/** How to report a failure: as JSON for `--json`, with the stack trace for `--debug`. */
export type Manner = { json?: boolean; debug: boolean }

/** Prints what went wrong and what to do, and returns the exit status. */
export function explain(error: unknown, { json, debug }: Manner): number {
  const reason: unknown = stopping.signal.reason ?? error
  if (reason instanceof CommanderError && reason.exitCode === 0) return 0

  const isUsage = reason instanceof CommanderError || reason instanceof Misuse
  const message = messageOf(reason)
  // Without --json, Commander has already printed its own errors.
  if (json) print({ json: { error: message }, lines: [] }, json)
  else if (!(reason instanceof CommanderError)) note(`error: ${message}`)
  if (debug && error instanceof Error) note(`${error.stack}`)
  return isUsage ? MISUSED : FAILED
}

/** Gives only the name of an unforeseen error: its message may quote a record. */
function messageOf(error: unknown): string {
  if (error instanceof CommanderError) return error.message.replace(/^error: /, '')
  if (error instanceof Failure) return error.message
  const name = error instanceof Error ? error.name : 'unknown failure'
  const more = '`--debug` shows more, which may hold data of yours'
  return sentenceOf(error) ?? `${name}, which this program did not foresee: ${more}`
}

/** Aborts when the command is stopped. From then on, its reason is reported instead of any other error. */
const stopping = new AbortController()

export const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Ends the process with a message: on an uncaught exception and, until `stopAtCtrlC` is called, on Ctrl-C. */
export function endInOrder(manner: Manner): void {
  const endFor = (error: unknown) => process.exit(explain(error, manner))
  process.on('uncaughtException', endFor)
  const stopped = new Failure('stopped before it was done')
  for (const signal of SIGNALS) process.once(signal, () => endFor(stopped))
}

/**
 * Returns a signal that aborts at the first Ctrl-C, so that a command can stop between two steps. A second Ctrl-C ends
 * the process at once. Call it once the store is open: it removes Miniflare's signal handlers, which would end the
 * process in the middle of a step.
 */
export function stopAtCtrlC(): AbortSignal {
  const reason = 'stopped; what was written so far is complete: run the same command again to go on'
  const stop = () => stopping.abort(new Failure(reason))
  for (const signal of SIGNALS) process.removeAllListeners(signal).once(signal, stop)
  return stopping.signal
}
