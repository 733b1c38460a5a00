import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aDependent, aPersonInformation } from '../support/fixtures.ts'
import { backUp } from '../../src/cli/commands/backup.ts'
import { chooseLocal } from '../../src/cli/environment/choose.ts'
import { openStore } from '../../src/cli/environment/open.ts'
import { lendingSignals, makeStore, run, runJson, serve, start, type TestStore } from './command.ts'

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
    const { digest } = JSON.parse(backup.stdout)
    const { tables } = await runJson(['restore', folder, '--digest', digest, ...empty.flags])
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
    // What search finds follows from the records of the mark, not from those that were there when it was read.
    const { results: words } = await restored.env.DB.prepare(
      `SELECT record_id AS id, word FROM name_words WHERE clinic_id = 'riverside' AND resource = 'dependents'
      EXCEPT SELECT dependents.id, json_each.value FROM dependents, json_each(last_name_words) WHERE clinic_id = 'riverside'`,
    ).all()
    expect(words).toEqual([])
    expect(
      await restored.env.DB.prepare('SELECT count(*) AS n FROM name_words').first('n'),
    ).toBeGreaterThan(0)
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
    const [manifest, text] = [join(folder, 'manifest.json'), await readFile(people, 'utf8')]
    const other = await run(['restore', folder, '--digest', '0'.repeat(64), ...empty.flags])
    const { format: _, ...old } = JSON.parse(await readFile(manifest, 'utf8'))
    await writeFile(manifest, JSON.stringify(old))
    const older = await run(['restore', folder, ...empty.flags])
    await writeFile(manifest, text)
    const foreign = await run(['restore', folder, ...empty.flags])

    expect(inUse).toMatchObject({ status: 1, stderr: expect.stringContaining('is not empty') })
    expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining('is not empty') })
    expect(damaged.stderr).toContain('person_informations.ndjson is not what was backed up')
    expect(cut.stderr).toContain('is not a complete backup: manifest.json is missing')
    expect(other.stderr).toContain('is not the backup with that digest')
    for (const { stderr } of [older, foreign])
      expect(stderr).toContain('is not of format 2, which this version reads')
    expect(await runJson(['list', ...empty.flags])).toEqual({ clinics: [] })
  })

  it('lets nobody in where the store has other plans under the ids of those backed up', async () => {
    const folder = source.file('third')
    await runJson(['backup', folder, ...source.flags])
    const target = await makeEmpty(source)
    const plans = target.file('plans.csv')
    await writeFile(
      plans,
      'external_id,plan_name,carrier,plan_type,active\nP2,Two,Harbor,PPO,yes\n',
    )
    await runJson(['import', 'plans', plans, ...target.flags])

    const refused = await run(['restore', folder, ...target.flags])

    expect(refused.status).toBe(1)
    expect(refused.stderr).toMatch(/what the store holds is not what was backed up/)
    expect(await runJson(['list', ...target.flags])).toEqual({ clinics: [] })
  })
})

/** Rows that are as large as they come, and names with what ends a line elsewhere. */
async function awkward(): Promise<TestStore> {
  const store = await makeOwn()
  const plans = Array.from({ length: 300 }, (_, n) =>
    JSON.stringify({
      ...{ external_id: `P${n}`, plan_name: 'One', carrier: 'Harbor', plan_type: 'PPO' },
      ...{ active: true, coverage_details: { notes: '€'.repeat(4_900) } },
    }),
  )
  await writeFile(store.file('plans.ndjson'), plans.join('\n'))
  await runJson(['import', 'plans', store.file('plans.ndjson'), ...store.flags])
  const worker = await serve(store)
  const token = await worker.token('riverside')
  await worker.patients('riverside', 1)
  await worker.call('/dependents', token, aDependent(1))
  await worker.env.DB.prepare("UPDATE dependents SET first_name = ? || char(13) || 'x'")
    .bind('A\u2028B\u2029C')
    .run()
  await worker.close()
  return store
}

describe('restore', () => {
  it('migrates a new store itself, and brings back large rows and odd names', async () => {
    const [source, target] = [await awkward(), await makeOwn()]
    const folder = source.file('backup')
    const state = target.file('new')
    const flags = ['--local', '--persist-to', state]

    await runJson(['backup', folder, ...source.flags])
    const { tables } = await runJson(['restore', folder, ...flags])

    const written = await readFile(join(folder, 'dependents.ndjson'), 'utf8')
    expect(written).toContain(String.raw`A\u2028B\u2029C\rx`)
    expect(tables).toMatchObject({ plans: { rows: 300 }, dependents: { rows: 1 } })
    const worker = await serveOwn({ ...target, state, keyFile: source.keyFile })
    const { results } = await worker.env.DB.prepare('SELECT first_name FROM dependents').all()
    expect(results).toEqual([{ first_name: 'A\u2028B\u2029C\rx' }])
  })
})

describe('backup', () => {
  /** Backs up, and makes a change when all but the tokens was written. */
  async function backUpAnd(change: (db: D1Database) => Promise<unknown>) {
    const store = await makeOwn()
    const local = await chooseLocal({ local: true, persistTo: store.state })
    const folder = await mkdtemp(join(store.folder, 'backup-'))
    const opened = await openStore(local)
    const worker = await serve(store)
    const kv = new Proxy(opened.kv, {
      get: (target, name) =>
        name === 'list'
          ? async (options: KVNamespaceListOptions) => {
              await change(worker.env.DB)
              return target.list(options)
            }
          : Reflect.get(target, name),
    })
    try {
      return await lendingSignals(() => backUp({ ...opened, kv }, folder, ''))
    } finally {
      await opened.close()
      await worker.close()
    }
  }

  it.each([
    ['a clinic is suspended', "UPDATE clinics SET state = 'suspended' WHERE id = 'riverside'"],
    ['the catalogue is changed', "INSERT INTO catalogue (id, version) VALUES (1, 'another')"],
  ])('fails if %s meanwhile', async (_, change) => {
    await expect(backUpAnd((db) => db.prepare(change).run())).rejects.toThrow(
      'the catalogue or a clinic was changed meanwhile',
    )
  })

  it('leaves out a clinic that is created meanwhile', async () => {
    const insert = "INSERT INTO clinics (id, state, created_at) VALUES ('new', 'open', '')"
    const manifest = await backUpAnd((db) => db.prepare(insert).run())

    expect(manifest.marks.map(({ clinic_id }) => clinic_id)).toEqual(['lakeside', 'riverside'])
    expect(manifest.tables['clinics']?.rows).toBe(2)
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
  })
})
