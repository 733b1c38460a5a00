import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { PROJECT } from './support/project.ts'

const MOST_BYTES = 92_000
const bundle = readFileSync(join(PROJECT, 'dist/index.js'))

const readJson = (path: string): unknown => JSON.parse(readFileSync(join(PROJECT, path), 'utf8'))
/** What esbuild put into the bundle, by the path of each module. */
const meta = z
  .object({ inputs: z.record(z.string(), z.unknown()) })
  .parse(readJson('dist/bundle-meta.json'))
/** All that may reach the Worker of what others wrote. */
const SHIPPED = [
  ...['@hono/zod-validator', '@hpke/common', '@hpke/core', 'drizzle-orm', 'fastest-levenshtein'],
  ...['hono', 'zod'],
]

describe('the bundle that ships', () => {
  it('is at most 92 kB gzipped', () => {
    expect(gzipSync(bundle).byteLength).toBeLessThanOrEqual(MOST_BYTES)
  })

  it('carries nothing of the command line, of its packages, or of what opens an SSN', () => {
    const modules = Object.keys(meta.inputs)
    const packages = modules.map(
      (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path,
    )

    expect(modules.filter((path) => /src\/(cli\/|ssn\/open)/.test(path))).toEqual([])
    expect(modules).toContain('src/ssn/seal.ts')
    expect([...new Set(packages.filter((name) => !name.startsWith('src/')))].sort()).toEqual(
      SHIPPED,
    )
    expect(bundle.includes('RiversideDemo')).toBe(false)
  })
})
