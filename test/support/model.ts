import fc from 'fast-check'
import { expect, it } from 'vitest'
import { databaseOf } from '../../src/storage/session.ts'
import { repairer } from '../../src/operator/records/repair.ts'
import { RESOURCES } from './resources.ts'
import type { TestWorker } from './worker.ts'

type Fields = Record<string, unknown>
type Change = { action: string; content: Fields | null }

/** What a record is: what it says now, null if it is deleted, and its changes, the first of which made it. */
type Modelled = { owner: number; now: Fields | null; changes: Change[] }

/** What a client may do next; `pick` chooses among the records that there ever were. */
type Step = {
  verb: 'create' | 'amend' | 'delete' | 'restore' | 'erase'
  pick: number
  name: string
  owner: number
  client: number
}

const aStep: fc.Arbitrary<Step> = fc.record({
  verb: fc.constantFrom(
    ...(['create', 'create', 'create', 'amend', 'amend', 'delete', 'restore', 'erase'] as const),
  ),
  pick: fc.nat(1000),
  name: fc.constantFrom('Ana', 'Bea', 'Cyd'),
  owner: fc.constantFrom(1, 2),
  client: fc.nat(2),
})

/**
 * Sends random sequences of writes by several clients, and compares every page of every size, the totals, the lists of
 * an owner, the histories and the changes with a model in memory, after every step.
 */
export function lifeEqualsModel(worker: TestWorker, parameters: { runs: number; steps: number }) {
  it.each(RESOURCES)('$name equal a model through random lives', async (resource) => {
    const { name, one, aRecord, owner, textField } = resource
    const sequences = fc.array(aStep, {
      minLength: parameters.steps,
      maxLength: parameters.steps,
    })
    for (const steps of fc.sample(sequences, { numRuns: parameters.runs, seed: 20261125 })) {
      const clinic = await worker.clinic()
      const tokens = [clinic.token]
      while (tokens.length < 3) tokens.push(await worker.token({ clinic_id: clinic.clinicId }))
      for (const id of [1, 2]) await clinic.ownable('Patient', id)
      const records: Modelled[] = []
      const journal: { id: number; version: number; action: string }[] = []

      const tell = (id: number, action: string, now: Fields | null) => {
        const record = records[id - 1]
        if (!record) throw new Error('no such record')
        record.now = now
        record.changes.push({ action, content: now })
        journal.push({ id, version: record.changes.length, action })
      }
      const json = async (path: string) => JSON.parse(await (await clinic.get(path)).text())

      for (const step of steps) {
        const token = tokens[step.client] ?? ''
        const id = 1 + (step.pick % Math.max(records.length, 1))
        const record = records[id - 1]
        const path = `/${name}/${id}`
        const deed = {
          ...{ clinicId: clinic.clinicId, id, tokenId: 'operator', requestId: crypto.randomUUID() },
          now: new Date().toISOString(),
        }
        const db = databaseOf(worker.env, 'first-primary')

        if (step.verb === 'create') {
          const body = aRecord(step.owner, { [textField]: step.name, ssn: undefined })
          const { status } = await worker.call('POST', `/${name}`, { token, body })
          expect(status).toBe(201)
          records.push({ owner: step.owner, now: null, changes: [] })
          tell(records.length, 'create', { [textField]: step.name })
        } else if (step.verb === 'amend') {
          const body = { [one]: { [textField]: step.name } }
          const { status } = await worker.call('PATCH', path, { token, body })
          expect(status).toBe(record?.now ? 200 : 404)
          if (record?.now && record.now[textField] !== step.name) {
            tell(id, 'amend', { [textField]: step.name })
          }
        } else if (step.verb === 'delete') {
          const { status } = await worker.call('DELETE', path, { token })
          expect(status).toBe(record?.now ? 204 : 404)
          if (record?.now) tell(id, 'delete', null)
        } else if (step.verb === 'restore') {
          const last = record?.changes.at(-1)?.action
          expect(await repairer(resource).restore(db, deed)).toBe(last === 'delete')
          if (last === 'delete') tell(id, 'restore', record?.changes.at(-2)?.content ?? null)
        } else {
          const last = record?.changes.at(-1)?.action
          expect(await repairer(resource).erase(db, deed)).toBe(last === 'delete')
          if (record && last === 'delete') {
            tell(id, 'erase', null)
            for (const change of record.changes) change.content = null
          }
        }

        const listed = records.flatMap(({ now, owner: of }, n) =>
          now ? [{ id: n + 1, [owner.id]: of, ...now }] : [],
        )
        for (let size = 1; size <= listed.length + 1; size++) {
          const pages = Math.ceil(listed.length / size) + 1
          for (let page = 1; page <= pages; page++) {
            const { [name]: rows, pagination } = await json(
              `/${name}?page=${page}&page_size=${size}`,
            )
            expect(rows).toMatchObject(listed.slice((page - 1) * size, page * size))
            expect(rows).toHaveLength(listed.slice((page - 1) * size, page * size).length)
            expect(pagination.total_count).toBe(listed.length)
          }
        }
        for (const of of [1, 2]) {
          const { [name]: rows } = await json(`/${name}?${owner.filter}=${of}`)
          const theirs = listed.filter(({ [owner.id]: each }) => each === of)
          expect(rows.map(({ id }: { id: number }) => id)).toEqual(theirs.map(({ id }) => id))
        }
        const { versions } = record ? await json(`${path}/history`) : { versions: [] }
        expect(
          versions.map((version: Fields) => ({
            version: version.version,
            action: version.action,
            said: Object(version[one])[textField],
          })),
        ).toEqual(
          (record?.changes ?? [])
            .map(({ action, content }, n) => ({
              ...{ version: n + 1, action, said: content?.[textField] },
            }))
            .reverse()
            .slice(0, 25),
        )
        const followed = []
        for (let after = 0; ;) {
          const { changes, last_seq } = await json(`/changes?after=${after}&limit=7`)
          followed.push(...changes)
          if (changes.length === 0) break
          after = last_seq
        }
        expect(
          followed.map(({ seq, id, version, action, record: now }) => ({
            ...{ seq, id, version, action, said: now?.[textField] },
          })),
        ).toEqual(
          journal.map((change, n) => ({
            ...{ seq: n + 1, ...change, said: records[change.id - 1]?.now?.[textField] },
          })),
        )
      }
    }
  })
}
