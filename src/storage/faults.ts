/** Storage didn't answer, or said that it can't right now. Nobody knows whether a write took effect. */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable'
  /** What went wrong, in one word. */
  readonly fault: string

  constructor(fault: string) {
    super()
    this.fault = fault
  }
}

/**
 * What to do about a failure: try again; wait, for some seconds, while someone else writes; give up, since a retry
 * would only add to the load; or throw it as it is.
 */
export type Remedy = 'try again' | 'wait' | 'give up' | 'throw'

/** The name of a fault, and what to do about it. The first pattern that matches the message counts. */
const FAULTS: [said: RegExp, fault: string, remedy: Remedy][] = [
  // D1 is overloaded.
  [/overloaded|Too many requests queued|exceeded timeout/, 'overloaded', 'give up'],
  // A limit of a query or of the account: memory, processor time, rows per day.
  [/exceeded .*\b(limits?|cap|quota)\b/i, 'exhausted', 'give up'],
  // The query or its answer was lost on the way.
  [
    /Network connection lost|storage caused object to be reset|reset because its code was updated|Cannot resolve D1 DB due to transient issue|Durable Object.*(no longer active|object was reset)/,
    'lost',
    'try again',
  ],
  // A local database has a second writer, the command line, and may say no more than this.
  [/SQLITE_BUSY/, 'SQLITE_BUSY', 'wait'],
  [/SQLITE_LOCKED/, 'SQLITE_LOCKED', 'wait'],
  [/internal error/i, 'internal', 'wait'],
  [/^D1_/, 'D1', 'throw'],
]

/**
 * The name of a storage failure: SQLite's code, or our word for it. The rest of D1's message must not be logged, since
 * it may quote a value. Undefined if it isn't a storage failure.
 */
export function storageFaultOf(failure: unknown): string | undefined {
  if (failure instanceof StorageUnavailable) return failure.fault
  if (!(failure instanceof Error)) return undefined
  const { message } = failure
  const [code] = /SQLITE_[A-Z]+/.exec(message) ?? []
  return code ?? FAULTS.find(([said]) => said.test(message))?.[1]
}

export const remedyFor = (failure: unknown): Remedy =>
  FAULTS.find(([, fault]) => fault === storageFaultOf(failure))?.[2] ?? 'throw'
