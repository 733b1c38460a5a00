import { methodsOf, type Change, type Methods } from './generated/operations.ts'
import { openTransport, wait, type CallOptions, type ClientOptions } from './transport.ts'

export { ClinicInsurancesError, etagOf, type FieldErrors } from './answer.ts'
export type { AmendOptions, CreateOptions, List, WriteOptions } from './call.ts'
export type * from './generated/operations.ts'
export type { CallOptions, ClientOptions } from './transport.ts'

export type FollowOptions = CallOptions & {
  /** The `seq` of the last change that you have. Default: 0, for all changes. */
  after?: number
  /** How many milliseconds to wait before asking for new changes, without end. Default: end after the last change. */
  every?: number
}

export type Client = Methods & {
  /** Yields all changes after one. To resume later, keep the `seq` of the last one that you handled. */
  followChanges: (options?: FollowOptions) => AsyncGenerator<Change, void, undefined>
}

/** The client of the Clinic Insurances API: a method for each operation, named as in openapi.json. */
export function createClient(options: ClientOptions): Client {
  const methods = methodsOf(openTransport(options))
  return {
    ...methods,
    async *followChanges({ after = 0, every, signal } = {}) {
      for (let last = after; ;) {
        const { changes, last_seq } = await methods.listChanges({ after: last }, { signal })
        yield* changes
        last = last_seq
        if (changes.length > 0) continue
        if (every === undefined) return
        await wait(every, signal)
      }
    },
  }
}
