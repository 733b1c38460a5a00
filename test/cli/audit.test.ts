import { describe, expect, it } from 'vitest'
import { parseSince } from '../../src/cli/terminal/options.ts'
import { aDependent } from '../support/fixtures.ts'
import { run, useServedStore } from './command.ts'

const served = useServedStore()

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '')
const FLAGS = ['--clinic', 'riverside']

describe('audit', () => {
  it('writes who touched which records, oldest first, and nothing of their content', async () => {
    const token = await served.worker.token('riverside')
    await served.worker.patients('riverside', 7)
    const created = await served.worker.call('/dependents', token, aDependent(7))
    const { id } = JSON.parse(await created.text())
    await served.worker.call('/person_informations/41', token)
    // The event of a read is written after the answer.
    const kept = async () =>
      (await served.worker.env.DB.prepare("SELECT 1 FROM accesses WHERE action = 'read'").all())
        .results
    await expect.poll(kept, { timeout: 20_000 }).toHaveLength(1)
    await run(['export', 'dependents', ...FLAGS, ...served.store.flags, '--as', 'jo'])

    const { status, stdout, stderr } = await run(['audit', ...FLAGS, ...served.store.flags])
    const later = await run(['audit', ...FLAGS, '--since', '2999-01-01', ...served.store.flags])

    // The clinic itself was made by whoever runs the tests.
    const [made, ...events] = linesOf(stdout).map((line) => JSON.parse(line))
    expect(status).toBe(0)
    expect(made).toMatchObject({ action: 'create', resource: 'clinics' })
    expect(events).toMatchObject([
      { action: 'create', resource: 'dependents', ids: String(id), status: null },
      { action: 'read', resource: 'person_informations', ids: '41', status: 404 },
      { action: 'export', resource: 'dependents', ids: String(id), token_id: 'operator:jo' },
    ])
    expect(Object.keys(events[0])).toEqual([
      ...['at', 'clinic_id', 'token_id', 'request_id', 'action', 'resource', 'ids', 'status'],
    ])
    expect(stderr).toMatch(/^4 events since \d{4}-/)
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
