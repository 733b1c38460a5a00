import { afterEach, describe, expect, it, vi } from 'vitest'
import { storageFaultOf, StorageUnavailable } from '../src/storage/faults.ts'
import { openSession } from '../src/storage/session.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Runs a batch that fails with these messages, one a try. `at` is when each try came, in milliseconds. */
async function batchThatFails(messages: readonly string[], { luck = 0.5 } = {}) {
  vi.useFakeTimers({ now: 0 })
  vi.spyOn(Math, 'random').mockReturnValue(luck)
  const at: number[] = []
  const db = openSession({
    getBookmark: () => null,
    prepare() {
      throw new Error('nothing is prepared here')
    },
    async batch() {
      at.push(Date.now())
      const message = messages[at.length - 1]
      if (message !== undefined) throw new Error(message)
      return []
    },
  })
  const ended = db.batch([]).then(
    () => 'answered',
    (error: unknown) => error,
  )
  await vi.runAllTimersAsync()
  return { at, ended: await ended }
}

const LOST = 'D1_ERROR: Network connection lost.'
const BUSY = 'D1_ERROR: database is locked: SQLITE_BUSY'

describe('a failure of storage', () => {
  it.each([
    [LOST, 'lost', 'tried again'],
    ['D1_ERROR: D1 DB storage caused object to be reset.', 'lost', 'tried again'],
    ['D1_ERROR: Internal error in D1 DB storage caused object to be reset.', 'lost', 'tried again'],
    ['D1_ERROR: D1 DB reset because its code was updated.', 'lost', 'tried again'],
    [
      'D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.',
      'lost',
      'tried again',
    ],
    [
      'D1_ERROR: Connection closed: this Durable Object instance is no longer active. Reconnect or retry.',
      'lost',
      'tried again',
    ],
    [
      'D1_ERROR: Durable Object connection closed because the object was reset.',
      'lost',
      'tried again',
    ],
    ['D1_ERROR: D1 DB exceeded its memory limit and was reset.', 'exhausted', 'given up'],
    ["D1_ERROR: D1 DB's isolate exceeded its memory limit and was reset.", 'exhausted', 'given up'],
    ['D1_ERROR: D1 DB exceeded its CPU time limit and was reset.', 'exhausted', 'given up'],
    [
      "D1_ERROR: Your account has exceeded D1's free tier daily row read limit.",
      'exhausted',
      'given up',
    ],
    [
      "D1_ERROR: Your account has exceeded D1's maximum account storage limit, please contact Cloudflare.",
      'exhausted',
      'given up',
    ],
    ['D1_ERROR: D1 DB is overloaded. Requests queued for too long.', 'overloaded', 'given up'],
    ['D1_ERROR: Too many requests queued.', 'overloaded', 'given up'],
    [
      'D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.',
      'overloaded',
      'given up',
    ],
    [BUSY, 'SQLITE_BUSY', 'tried again'],
    ['D1_ERROR: database table is locked: SQLITE_LOCKED', 'SQLITE_LOCKED', 'tried again'],
    ['internal error; reference = 0123', 'internal', 'tried again'],
    ['D1_ERROR: UNIQUE constraint failed: SQLITE_CONSTRAINT', 'SQLITE_CONSTRAINT', 'seen'],
    ['D1_ERROR: no such table: nothing', 'D1', 'seen'],
    ['D1_ERROR: A prepared SQL statement must contain only one statement', 'D1', 'seen'],
  ])('that says "%s" is called %s and %s', async (message, fault, fate) => {
    expect(storageFaultOf(new Error(message))).toBe(fault)

    const { at, ended } = await batchThatFails([message])

    expect(at).toHaveLength(fate === 'tried again' ? 2 : 1)
    if (fate === 'tried again') expect(ended).toBe('answered')
    if (fate === 'given up') expect(ended).toMatchObject({ fault })
    if (fate === 'seen') expect(ended).toEqual(new Error(message))
  })

  it('keeps what it was called, and what is none has no name', () => {
    expect(storageFaultOf(new StorageUnavailable('lost'))).toBe('lost')
    expect(storageFaultOf(new TypeError('x is not a function'))).toBeUndefined()
    expect(storageFaultOf('lost')).toBeUndefined()
  })
})

describe('the tries of a batch', () => {
  it.each([
    ['nothing', 0, [0, 0, 0]],
    ['a quarter', 0.25, [0, 25, 75]],
    ['three quarters', 0.75, [0, 75, 225]],
  ])('pause by chance, such as for %s of 100 and then of 200 ms', async (_, luck, tries) => {
    const { at, ended } = await batchThatFails([LOST, LOST], { luck })

    expect(at).toEqual(tries)
    expect(ended).toBe('answered')
  })

  it('are three', async () => {
    const { at, ended } = await batchThatFails([LOST, LOST, LOST, LOST])

    expect(at).toHaveLength(3)
    expect(ended).toMatchObject({ name: 'StorageUnavailable', fault: 'lost' })
  })

  it('come every 100 ms on average while another process writes, for five seconds', async () => {
    const { at, ended } = await batchThatFails(Array(1000).fill(BUSY))

    expect(at).toEqual(Array.from({ length: 51 }, (_, n) => n * 100))
    expect(ended).toMatchObject({ name: 'StorageUnavailable', fault: 'SQLITE_BUSY' })
  })
})
