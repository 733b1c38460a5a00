import { CommanderError } from 'commander'
import { StorageUnavailable } from '../db/attempts.ts'
import { Failure, Misuse } from './failure.ts'
import { note } from './output.ts'

/** Exit status: 0 done, 1 it failed, 2 it was asked for wrongly. */
export const FAILED = 1
const MISUSED = 2

/**
 * Says what went wrong and how to put it right, and gives the exit status. A stranger's message may hold a
 * row, so it is not shown.
 */
export function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSED
  if (error instanceof Failure) {
    note(`error: ${error.message}`)
    return error instanceof Misuse ? MISUSED : FAILED
  }
  if (error instanceof StorageUnavailable) {
    note('error: storage does not answer; every step done so far is whole, so run this again')
    return FAILED
  }
  note(`error: ${error instanceof Error ? error.name : 'unknown failure'}`)
  return FAILED
}
