import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeManyPlans } from '../support/many-plans.ts'
import { makeStore, serve, start, type TestStore } from './command.ts'
import { thorough } from '../support/thorough.ts'

const PLANS = thorough(100_000, 20_000)
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
  const isPublished = (await worker.env.TOKENS.get('catalogue')) !== null
  await worker.close()
  return { count, digest: hash.digest('hex'), isPublished }
}

describe(`an import of ${PLANS} plans`, () => {
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
    expect(stderr.trim().split('\n')).toHaveLength(PLANS / 10_000)
    expect(kilobytes).toBeGreaterThan(0)
    expect(kilobytes).toBeLessThan(300 * MEGABYTE_IN_KB)

    const killed = importInto(cut)
    await expect
      .poll(() => killed.printed.stderr, { timeout: 120_000, interval: 20 })
      .toContain(`${(PLANS / 2).toLocaleString('en')} rows`)
    if (killed.child.pid !== undefined) process.kill(-killed.child.pid, 'SIGKILL')
    await killed.finished
    const halfway = await contents(cut)
    expect(halfway).toMatchObject({ count: 0, isPublished: false })

    const rerun = JSON.parse((await importInto(cut).finished).stdout)

    expect(rerun).toMatchObject({ inserted: PLANS, updated: 0, rejected: 0 })
    expect(await contents(cut)).toEqual(await contents(whole))
  }, 600_000)

  it('stops at Ctrl-C with nothing shown, and says how to go on', async () => {
    const own = await makeStore()
    const stopped = importInto(own)
    await expect
      .poll(() => stopped.printed.stderr, { timeout: 120_000, interval: 20 })
      .toContain('10,000 rows')
    // As a terminal does it: to the command and to the workerd below it.
    if (stopped.child.pid !== undefined) process.kill(-stopped.child.pid, 'SIGINT')
    const { status, stdout } = await stopped.finished

    expect(status).toBe(1)
    expect(JSON.parse(stdout).error).toContain('run the same command again to go on')
    expect((await contents(own)).count).toBe(0)
    await own.remove()
  }, 180_000)
})

/** How many imports are killed; a run of all of them takes half an hour on a slow machine. */
const KILLS = thorough(200, 6)
const CATALOGUE_PLANS = 2000

describe('imports that are killed', () => {
  it('show one whole catalogue, old or new, whenever they end', async () => {
    const own = await makeStore()
    const named = (version: string) =>
      Array.from({ length: CATALOGUE_PLANS }, (_, n) => ({
        ...{ external_id: `K${n}`, plan_name: version, carrier: 'Kill', plan_type: 'PPO' },
        active: true,
      }))
    const files = ['old', 'new'].map((version) => own.file(`${version}.ndjson`))
    for (const [n, version] of ['old', 'new'].entries()) {
      const lines = named(version).map((plan) => `${JSON.stringify(plan)}\n`)
      await writeFile(files[n] ?? '', lines.join(''))
    }
    const importing = (n: number) => start(['import', 'plans', files[n % 2] ?? '', ...own.flags])
    const begunAt = Date.now()
    expect((await importing(0).finished).status).toBe(0)
    const lasts = Date.now() - begunAt

    const worker = await serve(own)
    const token = await worker.token('riverside')
    // Each page is asked for under a query of its own, so that some come from a cache and some from D1.
    const served = async (path: string) => {
      const { plans, pagination } = JSON.parse(await (await worker.call(path, token)).text())
      return [pagination.total_count, ...plans.map((plan: { plan_name: string }) => plan.plan_name)]
    }
    const seen = new Set<string>()
    let isUp = true
    const watching = (async () => {
      while (isUp) {
        const page = 1 + Math.floor(Math.random() * 20)
        const [total, ...names] = await served(`/plans?page=${page}&page_size=100`)
        seen.add(`${total} ${[...new Set(names)].join()}`)
      }
    })()
    for (let n = 1; n <= KILLS; n++) {
      const { child, finished } = importing(n)
      // Every fifth is let through, so that there is a new catalogue to see.
      if (n % 5 !== 0) await Promise.race([finished, setTimeout(Math.random() * lasts)])
      if (n % 5 !== 0 && child.pid !== undefined && child.exitCode === null)
        process.kill(-child.pid, 'SIGKILL')
      await finished
    }
    isUp = false
    await watching

    expect([...seen].sort()).toEqual(
      ['new', 'old'].map((version) => `${CATALOGUE_PLANS} ${version}`),
    )
    await worker.close()
    await own.remove()
  }, 3_600_000)
})
