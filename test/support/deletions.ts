import fc from 'fast-check'
import { expect, it } from 'vitest'
import { repairer } from '../../src/operator/records/repair.ts'
import { creator } from '../../src/records/create.ts'
import { deleter } from '../../src/records/delete.ts'
import { recordToStore } from '../../src/records/given.ts'
import { ownKey } from '../../src/records/idempotency.ts'
import { lister } from '../../src/records/list.ts'
import { databaseOf } from '../../src/storage/session.ts'
import { aDependent } from './fixtures.ts'
import { RESOURCES } from './resources.ts'
import type { TestWorker } from './worker.ts'

const aStep = fc.record({
  verb: fc.constantFrom(
    ...(['create', 'create', 'delete', 'delete', 'delete', 'deleteNewest', 'restore'] as const),
  ),
  pick: fc.nat(1_000_000),
  count: fc.integer({ min: 1, max: 8 }),
  size: fc.integer({ min: 1, max: 100 }),
  page: fc.nat(1_000_000),
})

/** Creates, deletes and restores records at random, so many steps in all, and compares a page with a model each time. */
export function pagesEqualModel(worker: TestWorker, steps: number, timeout = 180_000) {
  it.each(RESOURCES)(
    `of $name equal a model through random deletions`,
    async (resource) => {
      const clinic = await worker.clinic()
      const { clinicId } = clinic
      const db = databaseOf(worker.env, 'first-primary')
      const [create, remove, list] = [creator(resource), deleter(resource), lister(resource)]
      const { restore } = repairer(resource)
      const who = { clinicId, tokenId: 'model' }
      const { [resource.one]: fields } = resource.aRecord(
        await clinic.ownable(),
        resource.hasSsn ? { ssn: null } : {},
      )
      const body = resource.given.parse(fields)

      let highest = 0
      let listed: number[] = []
      let deleted: number[] = []
      const sequence = fc.sample(aStep, {
        ...{ numRuns: Math.ceil(steps / RESOURCES.length), seed: 20261129 },
      })
      for (const { verb, pick, count, size, page } of sequence) {
        const [of, from] = verb === 'restore' ? [deleted, listed] : [listed, deleted]
        const id = verb === 'deleteNewest' ? of.at(-1) : of[pick % Math.max(of.length, 1)]
        if (verb === 'create') {
          const records = await Promise.all(
            Array.from({ length: count }, () => recordToStore(resource, clinicId, body, undefined)),
          )
          const made = await create(db, ownKey(who), records)
          expect(made).toMatchObject({ status: 201, isReplayed: false })
          listed.push(...records.map(() => ++highest))
        } else if (id !== undefined) {
          if (verb === 'restore') expect(await restore(db, { ...who, id })).toBe(true)
          else {
            const gone = await remove(db, ownKey(who), { id, etags: null })
            expect(gone).toMatchObject({ status: 204, isReplayed: false })
          }
          const rest = of.filter((each) => each !== id)
          const others = [...from, id].sort((a, b) => a - b)
          ;[listed, deleted] = verb === 'restore' ? [others, rest] : [rest, others]
        }

        const at = 1 + (page % (Math.ceil(listed.length / size) + 1))
        const found = await list(db, clinicId, { page: at, page_size: size })
        expect(found).toMatchObject({
          ids: listed.slice((at - 1) * size, at * size),
          totalCount: listed.length,
        })
      }
      expect(deleted.length).toBeGreaterThan(steps / RESOURCES.length / 20)
    },
    timeout,
  )
}

/** The nodes that count an id: it, and each next one that ends where more of its low bits are 0. */
function nodesOf(id: number): number {
  let nodes = 0
  for (let node = id; node <= 2 ** 24; node += node & -node) nodes++
  return nodes
}

/** Deletes so many records, newest first, and counts the rows that each deletion writes. */
export function deletionsCostTheSame(worker: TestWorker, records: number, timeout = 180_000) {
  it(
    `write at most 32 rows each, whatever was deleted before, when ${records} go newest first`,
    async () => {
      const clinic = await worker.clinic()
      // A name of one word, which search needs no further row for.
      const of = { ssn: null, last_name: 'Canary' }
      const { dependent } = aDependent(await clinic.ownable(), of)
      for (let made = 0; made < records; made += 100) {
        const dependents = Array(Math.min(100, records - made)).fill(dependent)
        expect((await clinic.post('/dependents/batch', { dependents })).status).toBe(201)
      }

      const written: number[] = []
      for (let id = records; id > 0; id--) {
        const answer = await worker.call('DELETE', `/dependents/${id}`, { token: clinic.token })
        expect(answer.status).toBe(204)
        // The record, whose indexes D1 doesn't count, the change with its index, and the key.
        written.push(Number(answer.headers.get('x-test-rowswritten')) - nodesOf(id))
      }

      expect(new Set(written)).toEqual(new Set([4]))
      expect(Math.max(...[1, records, 2 ** 23, 2 ** 24].map(nodesOf))).toBe(25)
      expect(await clinic.total('dependents')).toBe(0)
    },
    timeout,
  )
}
