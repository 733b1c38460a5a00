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

/** D1's words for a query that was lost on the way, with its answer or before it was run. */
const LOST =
  /Network connection lost|storage caused object to be reset|reset because its code was updated|Cannot resolve D1 DB due to transient issue|Durable Object.*(no longer active|object was reset)/
/** D1's words for more than it can do. */
const OVERLOADED = /overloaded|Too many requests queued|exceeded timeout/
/** D1's words for a limit of a query, or of the account: its memory, its processor time, its rows of a day. */
const EXHAUSTED = /exceeded .*\b(limits?|cap|quota)\b/i

/**
 * What a failure of storage is called: SQLite's code, or a word for what D1 said. Nothing else of D1's message is
 * fit for a log, since it may quote a value. Undefined for what is no failure of storage.
 */
export function storageFaultOf(failure: unknown): string | undefined {
  if (failure instanceof StorageUnavailable) return failure.fault
  if (!(failure instanceof Error)) return undefined
  const { message } = failure
  const [code] = /SQLITE_[A-Z]+/.exec(message) ?? []
  if (code) return code
  if (OVERLOADED.test(message)) return 'overloaded'
  if (EXHAUSTED.test(message)) return 'exhausted'
  if (LOST.test(message)) return 'lost'
  // A local database that another process is writing to says no more than this.
  if (/internal error/i.test(message)) return 'internal'
  return message.startsWith('D1_') ? 'D1' : undefined
}
