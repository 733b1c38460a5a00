import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeManyPlans } from '../support/many-plans.ts'
import { makeStore, serve, start, type TestStore } from './command.ts'

const PLANS = 100_000
const MEGABYTE_IN_KB = 1000
let whole: TestStore
let cut: TestStore
beforeAll(async () => {
  whole = await makeStore()
  cut = await makeStore()
  await writeManyPlans(whole.file('plans.ndjson'), PLANS)
})
afterAll(() => Promise.all([whole.remove(), cut.remove()]))

const importInto = (store: TestStore) =>
  start(['import', 'plans', whole.file('plans.ndjson'), '--json', ...store.flags])

/** The most memory that a process has had so far, in kB, by Linux's own count; 0 once it has ended. */
const peak = (pid: number | undefined) =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)

/** Everything that the catalogue says, but for when it was said. */
async function contents(store: TestStore) {
  const worker = await serve(store)
  const hash = createHash('sha256')
  let count = 0
  for (let after = 0; ;) {
    const { results } = await worker.env.DB.prepare(
      'SELECT id, external_id, plan_name, carrier, plan_type, coverage_details, active FROM plans WHERE id > ? ORDER BY id LIMIT 5000',
    )
      .bind(after)
      .all()
    if (results.length === 0) break
    count += results.length
    hash.update(JSON.stringify(results))
    after = Number(results.at(-1)?.['id'])
  }
  const isUnpublished = (await worker.env.TOKENS.get('catalogue:unpublished')) !== null
  const isPublished = (await worker.env.TOKENS.get('catalogue')) !== null
  await worker.close()
  return { count, digest: hash.digest('hex'), isPublished, isUnpublished }
}

describe('an import of 100,000 plans', () => {
  it('takes under 300 MB, tells how far it is, and ends the same after it was killed halfway', async () => {
    const uninterrupted = importInto(whole)
    let kilobytes = 0
    const watch = setInterval(() => {
      if (uninterrupted.child.exitCode === null) {
        kilobytes = Math.max(kilobytes, peak(uninterrupted.child.pid))
      }
    }, 100)
    const { status, stdout, stderr } = await uninterrupted.finished
    clearInterval(watch)

    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ inserted: PLANS, rejected: 0 })
    expect(stderr.trim().split('\n')).toHaveLength(10)
    expect(kilobytes).toBeGreaterThan(0)
    expect(kilobytes).toBeLessThan(300 * MEGABYTE_IN_KB)

    const killed = importInto(cut)
    await expect
      .poll(() => killed.printed.stderr, { timeout: 120_000, interval: 20 })
      .toContain('40,000 rows')
    if (killed.child.pid !== undefined) process.kill(-killed.child.pid, 'SIGKILL')
    await killed.finished
    const halfway = await contents(cut)
    expect(halfway.count).toBeGreaterThan(0)
    expect(halfway.count).toBeLessThan(PLANS)
    expect(halfway).toMatchObject({ isPublished: false, isUnpublished: true })

    const rerun = JSON.parse((await importInto(cut).finished).stdout)

    // What the last step committed while it was being killed may come to light after the count.
    expect(rerun.unchanged).toBeGreaterThanOrEqual(halfway.count)
    expect(rerun).toMatchObject({ inserted: PLANS - rerun.unchanged, updated: 0, rejected: 0 })
    expect(await contents(cut)).toEqual(await contents(whole))
  }, 600_000)

  it('stops at Ctrl-C with whole steps done, and says how to go on', async () => {
    const own = await makeStore()
    const stopped = importInto(own)
    await expect
      .poll(() => stopped.printed.stderr, { timeout: 120_000, interval: 20 })
      .toContain('10,000 rows')
    // As a terminal does it: to the command and to the workerd below it.
    if (stopped.child.pid !== undefined) process.kill(-stopped.child.pid, 'SIGINT')
    const { status, stdout, stderr } = await stopped.finished

    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain('run the same command again to go on')
    expect((await contents(own)).count % 500).toBe(0)
    await own.remove()
  }, 180_000)
})
