import { describe, expect, it } from 'vitest'
import { recent } from '../src/db/recent.ts'

describe('a memory of recent values', () => {
  it('forgets the oldest key when there is no room', () => {
    const memory = recent<number>(2)

    for (const [value, key] of ['a', 'b', 'c'].entries()) memory.set(key, value)

    expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([undefined, 1, 2])
  })

  it('forgets nothing when a key is set again, which makes it the newest', () => {
    const memory = recent<number>(2)

    memory.set('a', 1)
    memory.set('b', 2)
    memory.set('a', 3)
    expect([memory.get('a'), memory.get('b')]).toEqual([3, 2])

    memory.set('c', 4)
    expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([3, undefined, 4])
  })
})
