import { expect } from 'vitest'
import { trailOf, type TrailEvent } from '../../src/operator/trail/events.ts'
import { verifyTrail, type Verdict } from '../../src/operator/trail/verify.ts'
import { databaseOf } from '../../src/storage/session.ts'
import { sealedRows } from './segments.ts'
import type { TestWorker } from './worker.ts'

export const MINUTE = 60_000
export const DAY = 24 * 60 * MINUTE

/** The time by which all that happens in a test is settled. */
export const later = () => Date.now() + 11 * MINUTE

export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}

/** What tests of the sealed trail ask of a worker's stores. */
export function sealing(worker: TestWorker) {
  const stores = () => {
    const { TRAIL: bucket } = worker.env
    if (!bucket) throw new Error('wrangler.toml declares no bucket')
    // Nobody waits, and other tests may want the processor.
    return { db: databaseOf(worker.env, 'first-primary', 60_000), bucket }
  }

  const verdicts = (clinicId: string): Promise<Verdict[]> => {
    const { db, bucket } = stores()
    return all(verifyTrail(db, bucket, clinicId))
  }

  async function countRows(table: string, clinicId: string) {
    const { results } = await worker.env.DB.prepare(
      `SELECT count(*) AS count FROM ${table} WHERE clinic_id = ?`,
    )
      .bind(clinicId)
      .all<{ count: number }>()
    return results[0]?.count ?? 0
  }

  return {
    stores,
    verdicts,
    countRows,

    misfits: async (clinicId: string) =>
      (await verdicts(clinicId)).flatMap(({ misfit }) => misfit ?? []),

    trail(clinicId: string): Promise<TrailEvent[]> {
      const { db, bucket } = stores()
      return all(trailOf(db, bucket, clinicId, ''))
    },

    /** The sealed rows of a clinic are those of D1, each once. */
    async expectEachRowOnce(clinicId: string) {
      const rows = [...(await sealedRows(stores().bucket, clinicId))].flatMap(([key, lines]) =>
        lines.map((line) => `${key.split('/')[1]} ${line}`),
      )
      expect(new Set(rows).size).toBe(rows.length)
      const counts = await Promise.all(
        ['changes', 'accesses'].map((table) => countRows(table, clinicId)),
      )
      expect(rows).toHaveLength(counts.reduce((sum, count) => sum + count))
    },

    /** Adds so many accesses and changes. */
    async insertRows(clinicId: string, count: number) {
      const numbers = `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?2)`
      const now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
      const { DB } = worker.env
      await DB.batch(
        [
          `INSERT INTO accesses ${numbers} SELECT ?1, ${now}, lower(hex(randomblob(16))), 'token', 'read',
            'dependents', n, 200 FROM n`,
          `INSERT INTO changes ${numbers} SELECT ?1, last + n, 'dependents', last + n, 1, 'create', ${now},
            'token', lower(hex(randomblob(16))), '[]', NULL
            FROM n, (SELECT coalesce(max(seq), 0) AS last FROM changes WHERE clinic_id = ?1)`,
        ].map((query) => DB.prepare(query).bind(clinicId, count)),
      )
    },
  }
}
