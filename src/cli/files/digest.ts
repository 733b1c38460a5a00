import { createHash } from 'node:crypto'

/** How many rows there were, and the SHA-256 of their lines. */
export type Digest = { rows: number; sha256: string }

/** Lets rows through, one JSON object a line, and tells at the end what they were. */
export function digesting(rows: AsyncIterable<object>) {
  const hash = createHash('sha256')
  let count = 0
  return {
    async *rows() {
      for await (const row of rows) {
        hash.update(`${JSON.stringify(row)}\n`)
        count++
        yield row
      }
    },
    digest: (): Digest => ({ rows: count, sha256: hash.copy().digest('hex') }),
  }
}

/** Reads rows to their end for their digest alone. */
export async function digestOf(rows: AsyncIterable<object>): Promise<Digest> {
  const passed = digesting(rows)
  for await (const _ of passed.rows());
  return passed.digest()
}
