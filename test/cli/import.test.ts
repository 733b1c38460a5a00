import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run, runJson, makeStore, serve, type TestStore } from './command.ts'

let store: TestStore
let worker: Awaited<ReturnType<typeof serve>>
let token: string
beforeAll(async () => {
  store = await makeStore()
  worker = await serve(store)
  const made = await runJson(
    ['token', 'create', '--clinic', 'riverside', '--label', 'test'].concat(store.flags),
  )
  token = String(made['token'])
})
afterAll(async () => {
  await worker.close()
  await store.remove()
})

const storedPlans = async (carrier: string) =>
  (
    await worker.env.DB.prepare('SELECT * FROM plans WHERE carrier = ? ORDER BY id')
      .bind(carrier)
      .all()
  ).results

/** A plan as a line of NDJSON. */
const line = (id: string, carrier: string, more: Record<string, unknown> = {}) =>
  `${JSON.stringify({
    external_id: `${carrier}-${id}`,
    plan_name: `Plan ${id}`,
    carrier,
    plan_type: 'PPO',
    active: true,
    ...more,
  })}\n`

async function write(name: string, text: string) {
  await writeFile(store.file(name), text)
  return store.file(name)
}

describe('import plans', () => {
  it('reads a CSV as spreadsheets write it', async () => {
    const file = await write(
      'sheet.csv',
      '\uFEFFExternal ID,Plan Name,Carrier,Plan Type,Active,Deductible,Out-of-Pocket Max,Tier Code,Copay\r\n' +
        'S1,"Gold, with\r\ndental",Sheet,PPO,Yes,"$3,000",7500,007,\r\n' +
        '\r\n' +
        'S2,  Silver ,Sheet,hmo,no,$0,"6,350.50",1e3,20%\r\n',
    )

    expect(await runJson(['import', 'plans', file, ...store.flags])).toMatchObject({
      inserted: 2,
      rejected: 0,
    })

    const answer = await worker.call('/plans?carrier=sheet', token)
    expect(await answer.json()).toMatchObject({
      plans: [
        {
          plan_name: 'Gold, with\ndental',
          active: true,
          coverage_details: {
            deductible: 3000,
            out_of_pocket_max: 7500,
            tier_code: '007',
            copay: null,
          },
        },
        {
          plan_name: 'Silver',
          plan_type: 'hmo',
          active: false,
          coverage_details: {
            deductible: 0,
            out_of_pocket_max: 6350.5,
            tier_code: '1e3',
            copay: '20%',
          },
        },
      ],
    })
  })

  it('reads NDJSON, whose coverage details take in every other column', async () => {
    const file = await write(
      'lines.ndjson',
      line('1', 'Lines', {
        coverage_details: { deductible: '$1,250.50', copay: 20 },
        metal_level: 'Gold',
        year: '2014',
      }),
    )

    await runJson(['import', 'plans', file, ...store.flags])

    const [plan] = await storedPlans('Lines')
    expect(JSON.parse(String(plan?.['coverage_details']))).toEqual({
      deductible: 1250.5,
      copay: 20,
      metal_level: 'Gold',
      year: '2014',
    })
  })

  it('changes nothing at a second run, updated_at included, and says so', async () => {
    const file = await write('again.ndjson', line('1', 'Again') + line('2', 'Again'))
    const first = await runJson(['import', 'plans', file, ...store.flags])
    const before = await storedPlans('Again')

    const { stdout } = await run(['import', 'plans', file, ...store.flags])
    const third = await runJson(['import', 'plans', file, ...store.flags])

    expect(stdout).toContain('0 inserted, 0 updated, 2 unchanged, 0 rejected\nnothing changed\n')
    expect(third['catalogue_version']).toBe(first['catalogue_version'])
    expect(await storedPlans('Again')).toEqual(before)

    const republished = await runJson(['import', 'plans', file, '--republish', ...store.flags])
    expect(republished).toMatchObject({ inserted: 0, updated: 0, unchanged: 2 })
    expect(republished['catalogue_version']).not.toBe(first['catalogue_version'])
  })

  it('serves what it changed at once, though the old list was cached', async () => {
    const list = async () => {
      const answer = await worker.call('/plans?carrier=fresh', token)
      const body: unknown = await answer.json()
      return { body, tier: answer.headers.get('X-Cache') }
    }
    const file = await write('fresh.ndjson', line('1', 'Fresh'))
    await runJson(['import', 'plans', file, ...store.flags])
    await list()
    expect((await list()).tier).toBe('MEMORY')

    await write('fresh.ndjson', line('1', 'Fresh', { plan_name: 'Renamed' }) + line('2', 'Fresh'))
    const counts = await runJson(['import', 'plans', file, ...store.flags])

    expect(counts).toMatchObject({ inserted: 1, updated: 1, unchanged: 0 })
    expect(await list()).toMatchObject({
      tier: 'MISS',
      body: { plans: [{ plan_name: 'Renamed' }, { plan_name: 'Plan 2' }] },
    })
  })

  it('sets bad rows aside with their lines, and lets good ones through', async () => {
    const file = await write(
      'mixed.ndjson',
      line('1', 'Mixed') +
        line('2', 'Mixed', { plan_name: ' ', active: 'perhaps' }) +
        '\n' +
        '{"external_id": \n' +
        line('1', 'Mixed', { plan_name: 'The first line has it' }) +
        line('3', 'Mixed', { note: 'x'.repeat(70_000) }) +
        line('4', 'Mixed'),
    )

    const { status, stdout } = await run(['import', 'plans', file, ...store.flags])

    expect(status).toBe(0)
    expect(stdout).toContain('2 inserted, 0 updated, 0 unchanged, 4 rejected')
    expect(stdout).toContain("line 2 rejected: plan_name can't be blank; active is not included")
    const rejected = (await readFile(`${file}.rejected.ndjson`, 'utf8')).trim().split('\n')
    expect(rejected.map((text) => JSON.parse(text))).toMatchObject([
      {
        line: 2,
        errors: { plan_name: ["can't be blank"], active: ['is not included in the list'] },
        row: { external_id: 'Mixed-2' },
      },
      { line: 4, errors: { row: ['is invalid'] } },
      { line: 5, errors: { external_id: ['has already been taken'] } },
      { line: 6, errors: { coverage_details: ['is too long (maximum is 15000 bytes)'] } },
    ])
    expect((await stat(`${file}.rejected.ndjson`)).mode & 0o077).toBe(0)
  })

  it('sets the rows of a CSV aside that cannot be read, by the line they end on', async () => {
    const file = await write(
      'torn.csv',
      'external_id,plan_name,carrier,plan_type,active\n' +
        'T1,"two\r\nlines",Torn,PPO,yes\n' +
        'T2,short,Torn\n' +
        'T3,a "quote" inside,Torn,PPO,yes\n' +
        'T4,fine,Torn,PPO,yes\n',
    )

    const counts = await runJson(['import', 'plans', file, ...store.flags])

    expect(counts).toMatchObject({ inserted: 2, rejected: 2 })
    const rejected = (await readFile(`${file}.rejected.ndjson`, 'utf8')).trim().split('\n')
    expect(rejected.map((text) => JSON.parse(text).line)).toEqual([4, 5])
  })

  it('writes nothing at a dry run and counts what it would do', async () => {
    const file = await write('dry.ndjson', line('1', 'Dry') + line('2', 'Dry'))
    await runJson(['import', 'plans', file, ...store.flags])
    const before = await storedPlans('Dry')
    await write(
      'dry.ndjson',
      line('1', 'Dry', { active: false }) + line('2', 'Dry') + line('3', 'Dry'),
    )

    const counts = await runJson(['import', 'plans', file, '--dry-run', ...store.flags])

    expect(counts).toMatchObject({ inserted: 1, updated: 1, unchanged: 1, dry_run: true })
    expect(await storedPlans('Dry')).toEqual(before)
    const real = await runJson(['import', 'plans', file, ...store.flags])
    expect(real).toMatchObject({ inserted: 1, updated: 1, unchanged: 1 })
  })

  it('makes plans inactive that a sound file does not name', async () => {
    const own = await makeStore()
    const all = await write('all.ndjson', line('1', 'Gone') + line('2', 'Gone') + line('3', 'Gone'))
    await runJson(['import', 'plans', all, ...own.flags])
    const fewer = [...['import', 'plans', '-', '--deactivate-missing'], ...own.flags]
    const torn = [...fewer, '--rejected', own.file('torn.ndjson')]

    const refused = await run(torn, { input: line('1', 'Gone') + '{"external_id": "Gone-2"}\n' })
    const empty = await run(fewer, { input: '' })
    const done = await runJson(fewer, { input: line('2', 'Gone') })
    const again = await runJson(fewer, { input: line('2', 'Gone') })

    expect(refused.status).toBe(1)
    expect(refused.stdout).toContain('nothing was deactivated')
    expect(empty.status).toBe(1)
    expect(done).toMatchObject({ unchanged: 1, deactivated: 2 })
    expect(again).toMatchObject({ unchanged: 1, deactivated: 0 })
    await own.remove()
  })

  it.each([
    ['missing.csv', undefined, 1, 'cannot read'],
    ['people.csv', 'Id,SSN\n1,987-65-4320\n', 1, 'has no column external_id, plan_name, carrier'],
    ['twice.csv', 'a,A,external_id,plan_name,carrier,plan_type,active\n', 1, 'two columns named a'],
    ['array.txt', '[{"external_id": "1"}]', 1, 'make each element a line'],
  ])('refuses %s and says why', async (name, text, status, message) => {
    const file = store.file(name)
    if (text !== undefined) await write(name, text)

    const refused = await run(['import', 'plans', file, ...store.flags])

    expect(refused.status).toBe(status)
    expect(refused.stdout).toBe('')
    expect(refused.stderr).toContain(message)
    expect(refused.stderr).not.toContain('987')
  })
})

describe('import ownables', () => {
  it('registers the rows of a CSV, again without a change, for the Worker to find', async () => {
    const file = await write('patients.csv', 'Type,ID\nPatient,7001\nPatient,7002\nPatient,x\n,3\n')
    const args = ['import', 'ownables', file, '--clinic', 'riverside', ...store.flags]

    const dry = await runJson([...args, '--dry-run'])
    expect(existsSync(`${file}.rejected.ndjson`)).toBe(false)
    const first = await runJson(args)
    const second = await runJson(args)

    expect(dry).toMatchObject({ inserted: 2, rejected: 2, dry_run: true })
    expect(first).toMatchObject({ inserted: 2, unchanged: 0, rejected: 2 })
    expect(second).toMatchObject({ inserted: 0, unchanged: 2, rejected: 2 })
    const rejected = (await readFile(`${file}.rejected.ndjson`, 'utf8')).trim().split('\n')
    expect(rejected.map((text) => JSON.parse(text).errors)).toEqual([
      { id: ['is not a number'] },
      { type: ["can't be blank"] },
    ])
    const created = await worker.call('/dependents', token, {
      dependent: {
        primary_holder_id: 7002,
        first_name: 'Ida',
        last_name: 'Sørensen',
        date_of_birth: '2010-03-20',
        relationship: 'child',
      },
    })
    expect(created.status).toBe(201)
  })
})
