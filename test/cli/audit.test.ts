import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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

/** A clinic of its own for a test: its token, and its audit events. */
async function aClinic(clinic: string) {
  const flags = ['--clinic', clinic, ...store.flags]
  const token = await worker.token(clinic)
  return {
    token,
    flags,
    audit: (...more: string[]) => run(['audit', ...flags, ...more]),
  }
}
const linesOf = (text: string) => text.split('\n').filter((line) => line !== '')

describe('audit', () => {
  it('writes who touched which records, oldest first, and nothing of their content', async () => {
    const { token, audit } = await aClinic('riverside')
    const kept = async () => {
      const { results } = await worker.env.DB.prepare(
        "SELECT 1 FROM audit_events WHERE clinic_id = 'riverside'",
      ).all()
      return results.length
    }
    for (const [n, path] of ['/person_informations/41', '/dependents'].entries()) {
      await worker.call(path, token)
      // Events of reads are written after the answer.
      await expect.poll(kept, { timeout: 20_000 }).toBe(n + 1)
    }

    const { status, stdout, stderr } = await audit()

    const events = linesOf(stdout).map((line) => JSON.parse(line))
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
    for (const [since, count] of [
      ['2999-01-01', 0],
      ['2000-01-01T00:00:00Z', 2],
      ['7d', 2],
    ] as const) {
      expect(linesOf((await audit('--since', since)).stdout)).toHaveLength(count)
    }
  })

  it('names the operator, who exported records', async () => {
    const { token, flags, audit } = await aClinic('lakeside')
    await worker.patients('lakeside', 7)
    const created = await worker.call('/dependents', token, aDependent(7))
    const { id } = JSON.parse(await created.text())
    await run(['export', 'dependents', ...flags])

    const { stdout } = await audit()

    expect(JSON.parse(linesOf(stdout).at(-1) ?? '')).toMatchObject({
      token_id: 'operator',
      action: 'list',
      resource: 'dependents',
      record_ids: [id],
    })
  })
})
