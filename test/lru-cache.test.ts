import { describe, expect, it } from 'vitest'
import { lruCache } from '../src/storage/lru-cache.ts'
import { throughTiers } from '../src/plans/catalogue.ts'

describe('an LRU cache', () => {
  it('that is full forgets the key that was used longest ago', () => {
    const memory = lruCache<number>(2)
    memory.set('a', 1)
    memory.set('b', 2)
    memory.get('a')

    memory.set('c', 3)

    expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([1, undefined, 3])
  })

  it('forgets nothing when a key is set again, which makes it the newest', () => {
    const memory = lruCache<number>(2)

    memory.set('a', 1)
    memory.set('b', 2)
    memory.set('a', 3)
    memory.set('c', 4)
    expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([3, undefined, 4])
  })
})

describe('the plan pages that an isolate remembers', () => {
  /** Asks for pages of so many bytes, of a version of its own, and tells which the memory answers. */
  function pagesOf(bytes: number) {
    const version = crypto.randomUUID()
    const load = async () => ({ body: new ArrayBuffer(bytes), link: '', version })
    return async (page: number) => {
      const url = `https://localhost/plans?page=${page}`
      const [, tier] = await throughTiers(version, url, () => {}, load)
      return tier
    }
  }

  it('are of 256 KiB at most', async () => {
    const [small, large] = [pagesOf(256 * 1024), pagesOf(256 * 1024 + 1)]

    expect([await small(1), await small(1)]).toEqual(['MISS', 'MEMORY'])
    expect([await large(1), await large(1)]).toEqual(['MISS', 'MISS'])
  })

  it('are 256 at most', async () => {
    const tierOf = pagesOf(1)
    for (let page = 1; page <= 256; page++) expect(await tierOf(page)).toBe('MISS')
    expect(await tierOf(1)).toBe('MEMORY')

    await tierOf(257)

    expect(await tierOf(257)).toBe('MEMORY')
    expect(await tierOf(1)).toBe('MEMORY')
    expect(await tierOf(2)).toBe('MISS')
  })
})
