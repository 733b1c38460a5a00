import { describe, expect, it } from 'vitest'
import { repairer } from '../src/operator/records/repair.ts'
import { databaseOf } from '../src/storage/session.ts'
import { expectRefusal } from './support/expect.ts'
import { losingAnswers } from './support/losing.ts'
import { RESOURCES } from './support/resources.ts'
import { useWorker, type Clinic } from './support/worker.ts'

// A write follows from the row of its key. So a key that another request used must lead no write to that one's record.

const worker = useWorker({ instrumented: true })

const NEVER = 987654321

type Resource = (typeof RESOURCES)[number]
type Sent = { method: string; path: string; body?: object; headers?: Record<string, string> }
type Verb = (resource: Resource, owner: number) => Sent

const post = (path: string, body: object) => ({ method: 'POST', path, body })

/** What succeeds of the resource's first record; a creation makes another. */
const VERBS: Record<string, Verb> = {
  creation: ({ name, aRecord, change }, owner) => post(`/${name}`, aRecord(owner, change)),
  'creation unless it is there': ({ name, aRecord, change }, owner) =>
    post(`/${name}?if_exists=return`, aRecord(owner, change)),
  'return of what is there': ({ name, aRecord }, owner) =>
    post(`/${name}?if_exists=return`, aRecord(owner)),
  batch: ({ name, one, aRecord, change }, owner) =>
    post(`/${name}/batch`, { [name]: [change, {}].map((fields) => aRecord(owner, fields)[one]) }),
  amendment: ({ name, one, change }) => ({
    ...{ method: 'PATCH', path: `/${name}/1`, body: { [one]: change } },
  }),
  'amendment of nothing': ({ name, one }) => ({
    ...{ method: 'PATCH', path: `/${name}/1`, body: { [one]: {} } },
  }),
  deletion: ({ name }) => ({ method: 'DELETE', path: `/${name}/1` }),
}

/** What fails because of the record that it is about, of the resource's first one. */
const FAILING: Record<string, (resource: Resource) => Sent> = {
  'deletion of an older version': ({ name }) => ({
    ...{ method: 'DELETE', path: `/${name}/1`, headers: { 'If-Match': '"older.1"' } },
  }),
  'deletion of nothing': ({ name }) => ({ method: 'DELETE', path: `/${name}/${NEVER}` }),
  'amendment of an older version': ({ name, one, change }) => ({
    ...{ method: 'PATCH', path: `/${name}/1`, headers: { 'If-Match': '"older.1"' } },
    body: { [one]: change },
  }),
  'amendment of nothing': ({ name, one, change }) => ({
    ...{ method: 'PATCH', path: `/${name}/${NEVER}`, body: { [one]: change } },
  }),
  'amendment of the owner': ({ name, one, owner, change }) => ({
    ...{ method: 'PUT', path: `/${name}/1`, body: { [one]: { ...change, [owner.id]: NEVER } } },
  }),
  'creation for nobody': ({ name, aRecord }) => post(`/${name}`, aRecord(NEVER)),
  'creation for nobody unless it is there': ({ name, aRecord }) =>
    post(`/${name}?if_exists=return`, aRecord(NEVER)),
  'batch for nobody': ({ name, one, aRecord }) =>
    post(`/${name}/batch`, { [name]: [aRecord(NEVER)[one]] }),
}

const send = (
  { token }: Clinic,
  { method, path, body, headers }: Sent,
  more: Record<string, string> = {},
) =>
  worker.call(method, path, {
    ...{ token, headers: { ...headers, ...more } },
    ...(body && { body }),
  })

/** A clinic with a record of each resource, all under the same id. */
async function aClinic() {
  const clinic = await worker.clinic()
  const owner = await clinic.ownable()
  for (const { name, aRecord } of RESOURCES) await clinic.post(`/${name}`, aRecord(owner))
  return { clinic, owner }
}

/** All that is stored of a clinic. */
async function storedOf({ clinicId }: Clinic) {
  const tables = [...RESOURCES.map(({ name }) => name), 'changes', 'deletions', 'idempotency_keys']
  const all = await worker.env.DB.batch<Record<string, unknown>>(
    tables.map((table) =>
      worker.env.DB.prepare(`SELECT * FROM ${table} WHERE clinic_id = ?`).bind(clinicId),
    ),
  )
  return Object.fromEntries(tables.map((table, n) => [table, all[n]?.results ?? []]))
}

describe.each(RESOURCES)('a key that was used for $name', (used) => {
  it.each(Object.entries(VERBS))('leads no other write to a record: %s', async (_, verb) => {
    const { clinic, owner } = await aClinic()
    const key = { 'Idempotency-Key': 'used' }
    expect((await send(clinic, verb(used, owner), key)).status).toBeLessThan(300)
    const before = await storedOf(clinic)

    const other = RESOURCES[(RESOURCES.indexOf(used) + 1) % RESOURCES.length] ?? used
    for (const resource of [used, other]) {
      for (const failing of Object.values(FAILING)) {
        const answer = await send(clinic, failing(resource), key)
        await expectRefusal(answer, 422, {
          'Idempotency-Key': ['has already been used for another request'],
        })
      }
    }

    expect(await storedOf(clinic)).toEqual(before)
  })
})

describe.each(RESOURCES)('$name', (resource) => {
  it.each(Object.entries(VERBS))(
    'are written once, though the answer is lost after the commit: %s',
    async (_, verb) => {
      const [lost, kept] = [await aClinic(), await aClinic()]

      const expected = await send(kept.clinic, verb(resource, kept.owner))
      const answer = await send(lost.clinic, verb(resource, lost.owner), { 'x-test-d1': 'after' })

      expect(answer.status).toBe(expected.status)
      expect(answer.headers.get('Idempotent-Replayed')).toBeNull()
      const [ours, theirs] = [await storedOf(lost.clinic), await storedOf(kept.clinic)]
      for (const [table, rows] of Object.entries(theirs))
        expect(ours[table]).toHaveLength(rows.length)
      const changesOf = ({ changes = [] }: typeof ours) =>
        changes.map(({ seq, action, record_id, version }) => ({ seq, action, record_id, version }))
      expect(changesOf(ours)).toEqual(changesOf(theirs))
      expect(ours['deletions']?.map(({ node, n }) => [node, n])).toEqual(
        theirs['deletions']?.map(({ node, n }) => [node, n]),
      )
    },
  )

  it('are repaired once, though the answer is lost after the commit', async () => {
    const { clinic } = await aClinic()
    const other = await clinic.ownable()
    const { restore, erase, reassign } = repairer(resource)
    const who = (requestId: string) => ({
      ...{ clinicId: clinic.clinicId, id: 1, tokenId: 'operator', requestId },
    })
    const losing = () => losingAnswers(worker.env.DB)
    const remove = () => send(clinic, { method: 'DELETE', path: `/${resource.name}/1` })
    const to = { type: 'Patient', id: other }

    expect(await reassign(losing(), who('a'), to, 1, {})).toBe(true)
    await remove()
    expect(await restore(losing(), who('b'))).toBe(true)
    await remove()
    expect(await erase(losing(), who('c'))).toBe(true)

    const { changes = [], deletions = [] } = await storedOf(clinic)
    const own = changes.filter(({ resource: of }) => of === resource.name)
    expect(own.map(({ action }) => action)).toEqual([
      ...['create', 'reassign', 'delete', 'restore', 'delete', 'erase'],
    ])
    expect(new Set(deletions.map(({ n }) => n))).toEqual(new Set([1]))
  })

  it('are not repaired by a run that was another', async () => {
    const { clinic } = await aClinic()
    const { restore, erase, reassign } = repairer(resource)
    const db = databaseOf(worker.env, 'first-primary')
    const run = { clinicId: clinic.clinicId, id: 1, tokenId: 'operator', requestId: 'same' }
    await send(clinic, { method: 'DELETE', path: `/${resource.name}/1` })
    expect(await restore(db, run)).toBe(true)
    const before = await storedOf(clinic)

    // It is not deleted, has another version, and is not there.
    const again = { ...run, requestId: 'another' }
    const to = { type: 'Patient', id: await clinic.ownable() }
    expect(await restore(db, again)).toBe(false)
    expect(await erase(db, again)).toBe(false)
    expect(await reassign(db, again, to, 2, {})).toBe(false)
    expect(await reassign(db, again, { ...to, id: NEVER }, 3, {})).toBe(false)
    expect(await reassign(db, { ...again, id: NEVER }, to, 3, {})).toBe(false)

    expect(await storedOf(clinic)).toEqual(before)
  })
})
