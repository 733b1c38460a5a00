import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { PROJECT } from '../src/cli/store.ts'

const ONE_HUNDRED_KB = 100_000
const bundle = readFileSync(join(PROJECT, 'dist/index.js'))

describe('the bundle that ships', () => {
  it('is at most 100 kB gzipped', () => {
    expect(gzipSync(bundle).byteLength).toBeLessThanOrEqual(ONE_HUNDRED_KB)
  })

  it.each(['RiversideDemo', 'commander', 'csv-parse'])(
    'carries nothing of the command line and its demo: %s',
    (text) => {
      expect(bundle.includes(text)).toBe(false)
    },
  )
})
