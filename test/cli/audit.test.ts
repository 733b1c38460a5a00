import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aDependent } from '../support/fixtures.ts'
import { makeStore, run, runJson, serve, type TestStore } from './command.ts'

let store: TestStore
let worker: Awaited<ReturnType<typeof serve>>
let token: string
beforeAll(async () => {
  store = await makeStore()
  worker = await serve(store)
  const made = await runJson(
    ['token', 'create', '--clinic', 'riverside', '--label', 'desk'].concat(store.flags),
  )
  token = String(made['token'])
})
afterAll(async () => {
  await worker.close()
  await store.remove()
})

const audit = (...more: string[]) =>
  run(['audit', '--clinic', 'riverside', ...more, ...store.flags])

describe('audit', () => {
  it('writes who touched which records, oldest first, and nothing of their content', async () => {
    for (const path of ['/person_informations/41', '/dependents']) await worker.call(path, token)
    // Events of reads are written after the answer.
    await expect
      .poll(async () => (await audit()).stdout.split('\n').length, { timeout: 60_000 })
      .toBe(3)

    const { status, stdout, stderr } = await audit()

    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(status).toBe(0)
    expect(events).toMatchObject([
      { action: 'read', resource: 'person_informations', record_ids: [41], status: 404 },
      { action: 'list', resource: 'dependents', record_ids: [], status: 200 },
    ])
    expect(Object.keys(events[0])).toEqual([
      ...['occurred_at', 'request_id', 'clinic_id', 'token_id'],
      ...['action', 'resource', 'record_ids', 'status'],
    ])
    expect(stderr).toMatch(/^2 audit events of riverside since \d{4}-/)
  })

  it.each([
    ['--since', '2999-01-01', 0],
    ['--since', '2000-01-01T00:00:00Z', 2],
    ['--since', '7d', 2],
  ])('takes %s %s', async (option, value, count) => {
    const { stdout } = await audit(option, value)

    expect(stdout.split('\n').filter((line) => line !== '')).toHaveLength(count)
  })

  it('names the operator, who exported records', async () => {
    await worker.env.DB.prepare("INSERT INTO ownables VALUES ('lakeside', 'Patient', 7, '')").run()
    const made = await runJson(
      ['token', 'create', '--clinic', 'lakeside', '--label', 'desk'].concat(store.flags),
    )
    const created = await worker.call('/dependents', String(made['token']), {
      ...aDependent(7),
    })
    const { id } = JSON.parse(await created.text())
    await run(['export', 'dependents', '--clinic', 'lakeside', ...store.flags])

    const { stdout } = await run(['audit', '--clinic', 'lakeside', ...store.flags])

    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      token_id: 'operator',
      action: 'list',
      resource: 'dependents',
      record_ids: [id],
    })
  })

  it.each([['yesterday'], ['2026-02-31T00:00:00.1234Z'], ['0d']])(
    'refuses --since %s',
    async (since) => {
      const { status, stderr } = await audit('--since', since)

      expect(status).toBe(2)
      expect(stderr).toContain('--since')
    },
  )
})
