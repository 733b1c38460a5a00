import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aDependent, aPersonInformation } from '../support/fixtures.ts'
import { makeStore, run, runJson, serve, start, type TestStore } from './command.ts'

const stores: TestStore[] = []
const workers: Awaited<ReturnType<typeof serve>>[] = []
afterAll(async () => {
  for (const worker of workers) await worker.close()
  for (const store of stores) await store.remove()
})
const makeOwn = async () => {
  const store = await makeStore()
  stores.push(store)
  return store
}
const serveOwn = async (store: TestStore) => {
  const worker = await serve(store)
  workers.push(worker)
  return worker
}

type Worker = Awaited<ReturnType<typeof serve>>
const bodyOf = async (answer: Awaited<ReturnType<Worker['call']>>) =>
  JSON.parse(await answer.text())

/** A store without clinics, on the key of another. */
async function makeEmpty(like: TestStore): Promise<TestStore> {
  const store = await makeOwn()
  const worker = await serve(store)
  await worker.env.DB.batch(
    ['DELETE FROM clinics', 'DELETE FROM accesses'].map((text) => worker.env.DB.prepare(text)),
  )
  await worker.close()
  await writeFile(store.keyFile, await readFile(like.keyFile))
  return store
}

describe('backup and restore', () => {
  let source: TestStore
  let worker: Worker
  let token: string
  beforeAll(async () => {
    source = await makeOwn()
    await writeFile(
      source.file('plans.csv'),
      'external_id,plan_name,carrier,plan_type,active\nP1,One,Harbor,PPO,yes\n',
    )
    await runJson(['import', 'plans', source.file('plans.csv'), ...source.flags])
    worker = await serveOwn(source)
    token = await worker.token('riverside')
    await worker.patients('riverside', 1, 2, 3)
    for (const id of [1, 2, 3]) {
      await worker.call('/person_informations', token, aPersonInformation(id))
      await worker.call('/dependents', token, aDependent(id))
    }
    await worker.call('/dependents/2', token, undefined, 'DELETE')
    // Another clinic has the id that this one has a gap at.
    const other = await worker.token('lakeside')
    await worker.patients('lakeside', 1)
    for (let n = 0; n < 2; n++) await worker.call('/dependents', other, aDependent(1))
  })

  it('brings back, from a backup taken under load, what each clinic was at its mark', async () => {
    const folder = source.file('backup')
    let isUp = true
    let made = 0
    const client = async () => {
      while (isUp) {
        const { id } = await bodyOf(await worker.call('/dependents', token, aDependent(1)))
        if (id === undefined) continue
        made++
        const amended = { dependent: { first_name: `Ida${made}` } }
        if (id % 3 === 0) await worker.call(`/dependents/${id}`, token, amended, 'PATCH')
        if (id % 5 === 0) await worker.call(`/dependents/${id}`, token, undefined, 'DELETE')
      }
    }
    const clients = Array.from({ length: 3 }, client)
    await expect.poll(() => made, { timeout: 60_000 }).toBeGreaterThan(10)
    const before = made
    const backup = await start(['backup', folder, '--json', ...source.flags]).finished
    const during = made - before
    isUp = false
    await Promise.all(clients)
    expect(backup, backup.stdout + backup.stderr).toMatchObject({ status: 0 })
    expect(during).toBeGreaterThan(0)

    const empty = await makeEmpty(source)
    const { tables } = await runJson(['restore', folder, ...empty.flags])
    const restored = await serveOwn(empty)

    // The digests were compared by the restore; here the restored records are held against the source's journal.
    const { marks } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))
    const { seq } = marks.find((one: { clinic_id: string }) => one.clinic_id === 'riverside')
    const { results: expected } = await worker.env.DB.prepare(
      `SELECT record_id AS id, max(version) AS version FROM changes
      WHERE clinic_id = 'riverside' AND resource = 'dependents' AND seq <= ?
      GROUP BY record_id HAVING max(iif(action = 'delete', version, 0)) < max(version) ORDER BY 1`,
    )
      .bind(seq)
      .all()
    const { results: found } = await restored.env.DB.prepare(
      "SELECT id, version FROM dependents WHERE clinic_id = 'riverside' ORDER BY id",
    ).all()
    expect(found).toEqual(expected)
    expect(tables).toMatchObject({ plans: { rows: 1 }, person_informations: { rows: 3 } })

    // Every token works, pages are exact around the gaps, and no id is given again.
    const list = await bodyOf(await restored.call('/dependents?page_size=100', token))
    expect(list.pagination.total_count).toBe(expected.length)
    expect((await bodyOf(await restored.call('/plans', token))).plans).toHaveLength(1)
    const { results: highest } = await worker.env.DB.prepare(
      "SELECT max(record_id) AS id FROM changes WHERE resource = 'dependents' AND seq <= ?",
    )
      .bind(seq)
      .all<{ id: number }>()
    const next = await bodyOf(await restored.call('/dependents', token, aDependent(1)))
    expect(next.id).toBe(Number(highest[0]?.id) + 1)
    await restored.close()
    workers.pop()

    // SSNs open with the key that the source sealed to.
    const people = source.file('people.ndjson')
    const flags = ['--clinic', 'riverside', '--out', people].concat(empty.flags)
    await runJson(['export', 'person_informations', ...flags])
    const opened = await run(['ssn', 'open', people, '--key', source.keyFile])
    expect(opened.stdout.match(/"ssn":"987-65-4320"/g)).toHaveLength(3)
  })

  it('restores nothing that is damaged, cut short, or into a store that is in use', async () => {
    const folder = source.file('second')
    await runJson(['backup', folder, ...source.flags])
    const empty = await makeEmpty(source)

    const inUse = await run(['restore', folder, ...source.flags])
    const again = await run(['backup', folder, ...source.flags])
    const people = join(folder, 'person_informations.ndjson')
    await writeFile(people, (await readFile(people, 'utf8')).replace('Ana', 'Eva'))
    const damaged = await run(['restore', folder, ...empty.flags])
    const cut = await run(['restore', source.folder, ...empty.flags])

    expect(inUse).toMatchObject({ status: 1, stderr: expect.stringContaining('is not empty') })
    expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining('is not empty') })
    expect(damaged.stderr).toContain('person_informations.ndjson is not what was backed up')
    expect(cut.stderr).toContain('has no manifest.json')
    expect(await runJson(['list', ...empty.flags])).toEqual({ clinics: [] })
  })
})

describe('a store that is set back in time', () => {
  it('gives no id and no number twice, after marks and resume', async () => {
    const store = await makeOwn()
    const folder = store.file('noon')
    const first = await serve(store)
    const token = await first.token('riverside')
    await first.patients('riverside', 1)
    await first.call('/dependents', token, aDependent(1))
    await first.close()
    await runJson(['backup', folder, ...store.flags])

    const second = await serve(store)
    const lost = await bodyOf(await second.call('/dependents', token, aDependent(1)))
    await second.close()
    await runJson(['marks', '--out', store.file('marks.ndjson'), ...store.flags])
    const [mark] = (await readFile(store.file('marks.ndjson'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ clinic_id }) => clinic_id === 'riverside')
    // What Time Travel does to the database of a deployed store.
    const copy = await makeEmpty(store)
    await runJson(['restore', folder, ...copy.flags])
    await runJson(['resume', store.file('marks.ndjson'), ...copy.flags])
    await runJson(['resume', store.file('marks.ndjson'), ...copy.flags])

    const restored = await serveOwn(copy)
    const next = await bodyOf(await restored.call('/dependents', token, aDependent(1)))
    const changes = await bodyOf(await restored.call('/changes?after=0', token))
    expect(lost.id).toBe(2)
    expect(next.id).toBe(3)
    expect((await restored.call('/dependents/2', token)).status).toBe(404)
    expect((await bodyOf(await restored.call('/dependents', token))).pagination.total_count).toBe(2)
    expect(changes.last_seq).toBeGreaterThan(mark.seq)
    const { results } = await restored.env.DB.prepare(
      "SELECT epoch FROM clinics WHERE id = 'riverside'",
    ).all()
    expect(results).toEqual([{ epoch: 2 }])
  })
})
