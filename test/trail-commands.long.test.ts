import { cp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeStore, run, runJson, serve, type TestStore } from './cli/command.ts'
import { aPersonInformation } from './support/fixtures.ts'
import { keyAt } from './support/segments.ts'

/** Each command starts a workerd. */
const SLOW = 20 * 60_000

const CLINIC = ['--clinic', 'riverside']

/** Creates records, one after the other, and gives their ids; accesses of an hour ago come with each. */
async function create(store: TestStore, names: string[]): Promise<number[]> {
  const worker = await serve(store)
  try {
    const token = await worker.token('riverside')
    const insert = worker.env.DB.prepare(
      "INSERT INTO accesses (clinic_id, at, request_id, token_id, action, resource, ids, status) VALUES ('riverside', ?, ?, 'token', 'read', 'person_informations', '1', 200)",
    )
    const ids: number[] = []
    for (const name of names) {
      const at = new Date(Date.now() - 60 * 60_000).toISOString()
      await insert.bind(at, name).run()
      const body = aPersonInformation(1049, { first_name: name })
      const answer = await worker.call('/person_informations', token, body)
      ids.push(JSON.parse(await answer.text()).id)
    }
    return ids
  } finally {
    await worker.close()
  }
}

/** The patient, and an empty trail: what is there of the clinic's making may be younger than what follows. */
async function prepare(store: TestStore) {
  const worker = await serve(store)
  await worker.patients('riverside', 1049)
  await worker.env.DB.exec('DELETE FROM accesses')
  await worker.close()
}

it(
  'a restore in time keeps the trail: what was sealed since is told, and nothing is an alarm',
  async () => {
    const store = await makeStore()
    const clinic = (...args: string[]) => run([...args, ...store.flags])
    const verify = () => runJson(['audit', 'verify', ...store.flags])
    const databases = join(store.state, 'v3/d1')
    try {
      await prepare(store)
      expect(await create(store, ['One', 'Two'])).toEqual([1, 2])
      await clinic('audit', 'seal')
      await create(store, ['Three'])

      // As Time Travel does, but with a copy.
      await cp(databases, store.file('then'), { recursive: true })
      await create(store, ['Four', 'Five'])
      await clinic('audit', 'seal')
      await clinic('marks', '--out', store.file('marks.ndjson'))
      await rm(databases, { recursive: true })
      await cp(store.file('then'), databases, { recursive: true })

      // The hourly run may come before `resume`. What it seals lies beside what R2 has.
      const early = await clinic('audit', 'seal')
      const between = await clinic('audit', 'verify')
      await clinic('resume', store.file('marks.ndjson'))
      const resumed = await verify()
      const next = await create(store, ['Six'])
      await clinic('audit', 'seal')
      const after = await verify()
      const { stdout } = await clinic('audit', ...CLINIC, '--record', 'person_informations/5')
      const events = (await clinic('audit', ...CLINIC, '--since', '2h')).stdout
      await clinic('audit', 'head', '--out', store.file('head.ndjson'))

      expect(early.status).toBe(0)
      expect(between.status).toBe(1)
      expect(resumed).toMatchObject({ ok: true })
      expect(next).toEqual([6])
      expect(after).toMatchObject({ ok: true, misfits: [] })
      expect(stdout).toContain('"action":"create","resource":"person_informations","ids":"5"')
      const requests = events
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      for (const name of ['One', 'Two', 'Three', 'Four', 'Five', 'Six']) {
        expect(requests.filter((event) => event.request_id === name)).toHaveLength(1)
      }
      const created = requests.filter(({ action, ids }) => action === 'create' && ids !== '')
      expect(created.map(({ ids }) => ids)).toEqual(['1', '2', '3', '4', '5', '6'])
      expect(await readFile(store.file('head.ndjson'), 'utf8')).toContain(
        '"stream":"changes","n":3',
      )
    } finally {
      await store.remove()
    }
  },
  SLOW,
)

it(
  'a chain that was made anew in both stores is found by a head that was kept',
  async () => {
    const store = await makeStore()
    const clinic = (...args: string[]) => run([...args, ...store.flags])
    try {
      await prepare(store)
      await create(store, ['One', 'Two'])
      await clinic('audit', 'seal')
      await clinic('audit', 'head', '--out', store.file('head.ndjson'))

      const { env, close } = await serve(store)
      await env.DB.exec("UPDATE changes SET token_id = 'somebody else' WHERE seq = 2")
      await env.DB.exec("DELETE FROM segments WHERE stream = 'changes'")
      if (env.TRAIL) await env.TRAIL.delete(await keyAt(env.TRAIL, 'riverside', 'changes', 1))
      await close()
      await clinic('audit', 'seal')

      const without = await clinic('audit', 'verify')
      const { status, stdout } = await clinic(
        'audit',
        'verify',
        '--heads',
        store.file('head.ndjson'),
      )
      expect(without.status).toBe(0)
      expect(status).toBe(1)
      expect(stdout).toMatch(
        /riverside\/changes\/1\/\w+: its digest was kept, and is now another\n/,
      )
    } finally {
      await store.remove()
    }
  },
  SLOW,
)
