import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseSince } from '../../src/cli/terminal/options.ts'
import { aDependent } from '../support/fixtures.ts'
import { makeStore, run, serve, type TestStore } from './command.ts'

let store: TestStore
let worker: Awaited<ReturnType<typeof serve>>
beforeAll(async () => {
  store = await makeStore()
  worker = await serve(store)
})
afterAll(async () => {
  await worker.close()
  await store.remove()
})

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '')
const FLAGS = ['--clinic', 'riverside']

describe('audit', () => {
  it('writes who touched which records, oldest first, and nothing of their content', async () => {
    const token = await worker.token('riverside')
    await worker.patients('riverside', 7)
    const created = await worker.call('/dependents', token, aDependent(7))
    const { id } = JSON.parse(await created.text())
    await worker.call('/person_informations/41', token)
    // The event of a read is written after the answer.
    const kept = async () =>
      (await worker.env.DB.prepare('SELECT 1 FROM audit_events').all()).results
    await expect.poll(kept, { timeout: 20_000 }).toHaveLength(2)
    await run(['export', 'dependents', ...FLAGS, ...store.flags])

    const { status, stdout, stderr } = await run(['audit', ...FLAGS, ...store.flags])
    const later = await run(['audit', ...FLAGS, '--since', '2999-01-01', ...store.flags])

    const events = linesOf(stdout).map((line) => JSON.parse(line))
    expect(status).toBe(0)
    expect(events).toMatchObject([
      { action: 'create', resource: 'dependents', record_ids: [id], status: 201 },
      { action: 'read', resource: 'person_informations', record_ids: [41], status: 404 },
      { action: 'list', resource: 'dependents', record_ids: [id], token_id: 'operator' },
    ])
    expect(Object.keys(events[0])).toEqual([
      ...['occurred_at', 'request_id', 'clinic_id', 'token_id'],
      ...['action', 'resource', 'record_ids', 'status'],
    ])
    expect(stderr).toMatch(/^3 audit events of riverside since \d{4}-/)
    expect(later.stdout).toBe('')
  })

  it.each([
    ['2000-01-01T00:00:00Z', Date.parse('2000-01-01T00:00:00Z')],
    ['2000-01-01', Date.parse('2000-01-01T00:00:00Z')],
    ['7d', Date.now() - 7 * 24 * 60 * 60 * 1000],
  ])('takes --since %s', (since, time) => {
    const difference = Date.parse(parseSince(since)) - time

    expect(Math.abs(difference)).toBeLessThan(60_000)
  })
})
