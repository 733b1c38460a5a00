import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClinic } from '../../src/clinics/queries.ts'
import { databaseOf } from '../../src/storage/session.ts'
import { makeStore, run, runJson, serve, type TestStore } from './command.ts'

let store: TestStore
beforeAll(async () => {
  store = await makeStore()
  const worker = await serve(store)
  const db = databaseOf(worker.env, 'first-primary')
  for (const id of ['large', 'small']) await createClinic(db, id)
  const token = await worker.token('large')
  await worker.patients('large', 1)
  const dependent = (n: number) => ({
    ...{ primary_holder_id: 1, first_name: `Nº ${n}`, last_name: 'Roe', relationship: 'child' },
    date_of_birth: '2010-03-20',
  })
  const dependents = Array.from({ length: 40 }, (_, n) => dependent(n))
  await worker.call('/dependents/batch', token, { dependents })
  // Ten of them three weeks ago.
  const ago = new Date(Date.now() - 22 * 24 * 60 * 60 * 1000).toISOString()
  await worker.env.DB.prepare("UPDATE changes SET at = ? WHERE clinic_id = 'large' AND seq <= 10")
    .bind(ago)
    .run()
  await worker.close()
})
afterAll(() => store.remove())

describe('stats', () => {
  it('tells what is stored by clinic and in all, how it grew, and how much room is left', async () => {
    const stats = await runJson(['stats', ...store.flags])

    const counts = { person_informations: 0, dependents: 40, tokens: 1 }
    const byWeek = [0, 0, 0, 0, 10, 0, 0, 30]
    expect(stats).toMatchObject({
      clinics: expect.arrayContaining([
        expect.objectContaining({ id: 'large', ...counts, rows: 82, created_by_week: byWeek }),
        expect.objectContaining({ id: 'small', state: 'open', dependents: 0, rows: 0, bytes: 0 }),
      ]),
      // The clinics have a row each.
      total: { ...counts, rows: 88, created_by_week: byWeek },
      plans: 0,
    })
    const { total, room_bytes } = stats
    expect(total).toHaveProperty('bytes', 10_000_000_000 - Number(room_bytes))
    expect(Number(room_bytes)).toBeLessThan(10_000_000_000 - 40 * 100)
  })

  it('shows it to a person as a table', async () => {
    const { status, stdout } = await run(['stats', ...store.flags])

    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^.*clinic +person_informations +dependents +coverages +tokens +rows +bytes +new/,
    )
    expect(stdout).toMatch(/^large +0 +40 +0 +1 +82 +[\d,]+ +30$/m)
    expect(stdout).toContain('0.0 % of 10 GB; room for 10.0 GB')
  })
})
