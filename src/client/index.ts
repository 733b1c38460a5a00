import { methodsOf, type Change, type Methods } from './generated/operations.ts'
import { openTransport, wait, type CallOptions, type ClientOptions } from './transport.ts'

export { ClinicInsurancesError, etagOf, type FieldErrors } from './answer.ts'
export type { AmendOptions, CreateOptions, List, WriteOptions } from './call.ts'
export type * from './generated/operations.ts'
export type { CallOptions, ClientOptions } from './transport.ts'

export type FollowOptions = CallOptions & {
  /** The `seq` of the last change that you have: 0, unless you say otherwise, for all there are. */
  after?: number
  /** Asks again so many milliseconds after the last change, and never ends. Without it, the last change is the end. */
  every?: number
}

export type Client = Methods & {
  /** Goes over all changes after one. Keep the `seq` of the last you have dealt with, to go on from there. */
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
