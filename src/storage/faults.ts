/** Storage did not answer, or said that it cannot now. Whether a write took hold is not known. */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable'
  /** What storage said, as one of the words below. */
  readonly fault: string

  constructor(fault: string) {
    super()
    this.fault = fault
  }
}

/**
 * What to do about a failure: another try; as many as it takes while somebody else writes, which takes seconds; none
 * because it would only add to the load; or let it be seen.
 */
export type Remedy = 'try again' | 'wait' | 'give up' | 'throw'

/** What a failure is called whose message fits, the first that does, and what to do about it. */
const FAULTS: [said: RegExp, fault: string, remedy: Remedy][] = [
  // More than D1 can do.
  [/overloaded|Too many requests queued|exceeded timeout/, 'overloaded', 'give up'],
  // A limit of a query, or of the account: its memory, its processor time, its rows of a day.
  [/exceeded .*\b(limits?|cap|quota)\b/i, 'exhausted', 'give up'],
  // A query that was lost on the way, with its answer or before it was run.
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
 * What a failure of storage is called: SQLite's code, or a word for what D1 said. Nothing else of D1's message is
 * fit for a log, since it may quote a value. Undefined for what is no failure of storage.
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
