import { createHash } from 'node:crypto'
import type { StoredRow } from './copy.ts'

/** How many rows there are, and the SHA-256 of their lines. */
export type Digest = { rows: number; sha256: string }

/** Passes rows on and computes their digest, over one JSON object a line. */
export function digesting(all: AsyncIterable<StoredRow>) {
  const hash = createHash('sha256')
  let count = 0
  return {
    async *rows() {
      for await (const row of all) {
        hash.update(`${JSON.stringify(row)}\n`)
        count++
        yield row
      }
    },
    digest: (): Digest => ({ rows: count, sha256: hash.copy().digest('hex') }),
  }
}

export async function digestOf(all: AsyncIterable<StoredRow>): Promise<Digest> {
  const passed = digesting(all)
  for await (const _ of passed.rows());
  return passed.digest()
}
