import { describe, expect, it } from 'vitest'
import { storageFaultOf, StorageUnavailable } from '../src/db/faults.ts'

describe('a failure of storage', () => {
  it.each([
    ['D1_ERROR: Network connection lost.', 'lost'],
    ['D1_ERROR: D1 DB storage caused object to be reset.', 'lost'],
    ['D1_ERROR: D1 DB reset because its code was updated.', 'lost'],
    ['D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.', 'lost'],
    ['D1_ERROR: D1 DB is overloaded. Requests queued for too long.', 'overloaded'],
    ['D1_ERROR: Too many requests queued.', 'overloaded'],
    ['D1_ERROR: storage operation exceeded timeout which caused object to be reset.', 'overloaded'],
    ['D1_ERROR: database is locked: SQLITE_BUSY', 'SQLITE_BUSY'],
    ['D1_ERROR: UNIQUE constraint failed: SQLITE_CONSTRAINT', 'SQLITE_CONSTRAINT'],
    ['internal error; reference = 0123', 'internal'],
    ['D1_ERROR: no such table: nothing', 'D1'],
  ])('that says "%s" is called %s', (message, fault) => {
    expect(storageFaultOf(new Error(message))).toBe(fault)
  })

  it('keeps what it was called, and what is none has no name', () => {
    expect(storageFaultOf(new StorageUnavailable('lost'))).toBe('lost')
    expect(storageFaultOf(new TypeError('x is not a function'))).toBeUndefined()
    expect(storageFaultOf('lost')).toBeUndefined()
  })
})
