import { readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeStore, run, runJson, serve, type TestStore } from './cli/command.ts'
import { aDependent, aPersonInformation } from './support/fixtures.ts'
import { CONFIG } from './support/project.ts'

let store: TestStore
beforeEach(async () => {
  store = await makeStore()
  await runJson(['create', 'riverside', ...store.flags])
})
afterEach(() => store.remove())

const CLINIC = ['--clinic', 'riverside']
const linesOf = (text: string) => text.split('\n').filter((line) => line !== '')
const audit = (...args: string[]) => run(['audit', ...args, ...store.flags])

/** Does work while the store is served. */
async function served(work: (worker: Awaited<ReturnType<typeof serve>>) => Promise<void>) {
  const worker = await serve(store)
  try {
    await work(worker)
  } finally {
    await worker.close()
  }
}

/** How many accesses the clinic has, all of them younger than what is sealed. */
let young: number

/** Two patients, a record of one and a dependent of the other. */
const fill = () =>
  served(async (worker) => {
    const token = await worker.token('riverside')
    await worker.patients('riverside', 1049, 1050)
    await worker.call('/person_informations', token, aPersonInformation(1049))
    await worker.call('/dependents', token, aDependent(1050))
    const { DB } = worker.env
    await DB.exec("DELETE FROM accesses WHERE clinic_id <> 'riverside'")
    await DB.exec("UPDATE accesses SET at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")
    young = (await DB.prepare('SELECT count(*) AS rows FROM accesses').first<number>('rows')) ?? 0
  })

/** Makes all that happened an hour older, so that it is sealed. */
const age = () =>
  served(async ({ env }) => {
    for (const table of ['accesses', 'changes']) {
      await env.DB.exec(`UPDATE ${table} SET at = strftime('%Y-%m-%dT%H:%M:%fZ', at, '-1 hour')`)
    }
  })

describe('audit', () => {
  it('answers who saw a patient, and a record, whatever is sealed', async () => {
    await fill()
    await run(['export', 'dependents', ...CLINIC, ...store.flags])
    await age()
    await audit('seal')

    const patient = await audit(...CLINIC, '--patient', '1050', '--json')
    const record = await audit(...CLINIC, '--record', 'person_informations/1')
    const nobody = await audit(...CLINIC, '--patient', '7')

    expect(linesOf(patient.stdout).map((line) => JSON.parse(line))).toMatchObject([
      { action: 'create', resource: 'dependents', ids: '1', status: null },
      { action: 'export', resource: 'dependents', ids: '1', status: 200 },
    ])
    expect(linesOf(record.stdout)).toHaveLength(1)
    expect(nobody.stdout).toBe('')
  })

  it.each([
    [['--patient', '1049'], "name the record's clinic with --clinic"],
    [[...CLINIC, '--patient', 'Ana'], 'Use an id, such as 1049.'],
    [[...CLINIC, '--record', 'plans/1'], 'Use person_informations or dependents or coverages.'],
    [
      [...CLINIC, '--record', 'dependents/1', '--patient', '1'],
      'use --patient or --record, not both',
    ],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await audit(...args)

    expect(status).toBe(2)
    expect(stderr).toContain(message)
  })
})

describe('audit verify', () => {
  it('ends with 0 where all is as it was sealed, and counts what is not sealed yet', async () => {
    await fill()
    await audit('seal')

    const verified = await runJson(['audit', 'verify', ...store.flags])

    expect(young).toBeGreaterThan(0)
    expect(verified).toEqual({ ok: true, segments: 1, rows: 2, unsealed: young, misfits: [] })
  })

  it('ends with 1 and names the segment and the row', async () => {
    await fill()
    await audit('seal')
    await served(async ({ env }) => {
      await env.DB.exec("UPDATE changes SET token_id = 'somebody else' WHERE seq = 2")
    })

    const { status, stdout } = await audit('verify', ...CLINIC)

    expect(status).toBe(1)
    expect(linesOf(stdout)).toEqual([
      expect.stringMatching(/^riverside\/changes\/1\/[0-9a-f]{64}, row 2: D1 and R2 differ in it$/),
      `2 rows in 1 segments, ${young} unsealed: not as they were sealed`,
    ])
  })
})

describe('without a bucket', () => {
  it('all stays in D1, which doctor tells and audit reads', async () => {
    const toml = await readFile(CONFIG, 'utf8')
    const config = store.file('wrangler.toml')
    await writeFile(config, toml.replaceAll(/^\[\[.*r2_buckets\]\]\n(.+\n)+/gm, ''))
    const without = ['--config', config, ...store.flags]

    const [doctor, verify, list] = [
      await run(['doctor', ...without]),
      await run(['audit', 'verify', ...without]),
      await run(['audit', ...CLINIC, ...without]),
    ]

    expect(doctor.stdout).toContain('trail: nothing is sealed, as there is no bucket\n')
    expect(verify).toMatchObject({
      status: 1,
      stderr: `error: ${config} declares no R2 bucket TRAIL, so nothing is sealed\n`,
    })
    expect(linesOf(list.stdout)).toHaveLength(1)
  })
})
