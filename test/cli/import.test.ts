import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { importOwnables } from '../../src/cli/commands/import/ownables.ts'
import { importPlans } from '../../src/cli/commands/import/plans.ts'
import { Failure } from '../../src/cli/terminal/failure.ts'
import { databaseOf } from '../../src/storage/session.ts'
import { aDependent } from '../support/fixtures.ts'
import { lendingSignals, run, runJson, useServedStore } from './command.ts'

const served = useServedStore()
let token: string
beforeAll(async () => {
  token = await served.worker.token('riverside')
})

const storedPlans = async (carrier: string) =>
  (
    await served.worker.env.DB.prepare('SELECT * FROM plans WHERE carrier = ? ORDER BY id')
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
  await writeFile(served.store.file(name), text)
  return served.store.file(name)
}

/** What imports left in the trail. */
const left: unknown[] = []

/** The store as the Worker has it open: opening it once more takes a second. */
const opened = () => ({
  db: databaseOf(served.worker.env, 'first-primary'),
  kv: served.worker.env.TOKENS,
  leave: async (deed: unknown) => void left.push(deed),
})

const load = (file: string, options: Parameters<typeof importPlans>[2] = {}) =>
  lendingSignals(() => importPlans(opened(), file, options))

const rejectedOf = async (file: string) =>
  (await readFile(`${file}.rejected.ndjson`, 'utf8'))
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text))

describe('import plans', () => {
  it('reads a CSV as spreadsheets write it', async () => {
    const file = await write(
      'sheet.csv',
      '\uFEFFExternal ID,Plan Name,Carrier,Plan Type,Active,Deductible,Out-of-Pocket Max,Tier Code,Copay\r\n' +
        'S1,"Gold, with\r\ndental",Sheet,PPO,Yes,"$3,000",7500,007,\r\n' +
        '\r\n' +
        'S2,  Silver ,Sheet,hmo,no,$0,"6,350.50",1e3,20%\r\n',
    )

    expect((await load(file)).json).toMatchObject({ inserted: 2, rejected: 0 })

    const answer = await served.worker.call('/plans?carrier=sheet', token)
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

  it('reads NDJSON, whose coverage details take in every other column, and whose text stays text', async () => {
    const file = await write(
      'lines.ndjson',
      line('1', 'Lines', {
        coverage_details: { deductible: '$1,250.50', copay: 20 },
        metal_level: 'Gold',
        year: '2014',
      }),
    )

    await load(file)

    const [plan] = await storedPlans('Lines')
    expect(JSON.parse(String(plan?.['coverage_details']))).toEqual({
      deductible: '$1,250.50',
      copay: 20,
      metal_level: 'Gold',
      year: '2014',
    })
  })

  it('changes nothing at a second run, updated_at included, and says so', async () => {
    const file = await write('again.ndjson', line('1', 'Again') + line('2', 'Again'))
    const first = await load(file)
    const before = await storedPlans('Again')

    const second = await load(file)

    expect(second.lines.slice(0, 2)).toEqual([
      '0 inserted, 0 updated, 2 unchanged, 0 rejected',
      'nothing changed',
    ])
    expect(second.json['catalogue_version']).toBe(first.json['catalogue_version'])
    expect(await storedPlans('Again')).toEqual(before)

    const republished = await load(file, { republish: true })
    expect(republished.json).toMatchObject({ inserted: 0, updated: 0, unchanged: 2 })
    expect(republished.json['catalogue_version']).not.toBe(first.json['catalogue_version'])
  })

  it('serves what it changed at once, though the old list was cached', async () => {
    const list = async () => {
      const answer = await served.worker.call('/plans?carrier=fresh', token)
      const body: unknown = await answer.json()
      return { body, tier: answer.headers.get('X-Cache') }
    }
    const file = await write('fresh.ndjson', line('1', 'Fresh'))
    await load(file)
    await list()
    expect((await list()).tier).toBe('MEMORY')

    await write('fresh.ndjson', line('1', 'Fresh', { plan_name: 'Renamed' }) + line('2', 'Fresh'))
    const { json } = await load(file)

    expect(json).toMatchObject({ inserted: 1, updated: 1, unchanged: 0 })
    expect(await list()).toMatchObject({
      tier: 'MISS',
      body: { plans: [{ plan_name: 'Renamed' }, { plan_name: 'Plan 2' }] },
    })
  })

  it('is searched by the words that plans have now, and keeps no others', async () => {
    await load(await write('words.ndjson', line('1', 'Words')))
    await load(await write('words.ndjson', line('1', 'Words', { plan_name: 'Renamed' })))

    const { results } = await served.worker.env.DB.prepare(
      "SELECT word FROM plan_words JOIN plans ON id = plan_id WHERE carrier = 'Words' ORDER BY word",
    ).all()
    expect(results).toEqual([{ word: 'renamed' }, { word: 'words' }])
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

    const { status, stdout } = await run(['import', 'plans', file, ...served.store.flags])

    expect(status).toBe(0)
    expect(stdout).toContain('2 inserted, 0 updated, 0 unchanged, 4 rejected')
    expect(stdout).toContain(
      "line 2 rejected: plan_name can't be blank; active must be one of true, false, yes",
    )
    expect(await rejectedOf(file)).toMatchObject([
      {
        line: 2,
        errors: {
          plan_name: ["can't be blank"],
          active: ['must be one of true, false, yes, no, 1, 0'],
        },
      },
      { line: 4, errors: { row: ['is not JSON at column 17'] } },
      { line: 5, errors: { external_id: ['is in this file twice: the first row counts'] } },
      { line: 6, errors: { coverage_details: ['is too long (maximum is 15000 bytes)'] } },
    ])
    expect((await stat(`${file}.rejected.ndjson`)).mode & 0o077).toBe(0)
  })

  it('takes names of 255 characters and details of 15,000 bytes, and no longer ones', async () => {
    const row = (more: number) => {
      const name = (letter: string) => letter.repeat(255 + more)
      return `${JSON.stringify({
        ...{
          external_id: name('i'),
          plan_name: name('n'),
          carrier: name('c'),
          plan_type: name('t'),
        },
        ...{ active: true, coverage_details: { notes: 'x'.repeat(15_000 - 12 + more) } },
      })}\n`
    }
    const file = await write('longest.ndjson', row(0) + row(1))

    const { json } = await load(file)

    const tooLong = ['is too long (maximum is 255 characters)']
    expect(json).toMatchObject({ inserted: 1, rejected: 1 })
    const [{ errors }] = await rejectedOf(file)
    expect(errors).toMatchObject({
      ...{ external_id: tooLong, plan_name: tooLong, carrier: tooLong, plan_type: tooLong },
    })
  })

  it('takes details of 15,000 bytes, and no more, whatever the letters', async () => {
    const notes = (bytes: number) => ({
      coverage_details: { notes: 'é'.repeat((bytes - '{"notes":""}'.length) / 2) },
    })
    const file = await write(
      'bytes.ndjson',
      line('1', 'Bytes', notes(15_000)) + line('2', 'Bytes', notes(15_002)),
    )

    expect((await load(file)).json).toMatchObject({ inserted: 1, rejected: 1 })
  })

  it('gives a CSV up whose quote is never closed', async () => {
    const file = await write(
      'open.csv',
      `external_id,plan_name,carrier,plan_type,active\nO1,"Gold,Open,PPO,yes\n${'x\n'.repeat(600_000)}\n`,
    )

    await expect(load(file)).rejects.toThrow('has a record of over 1 MB: is a quote never closed?')
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

    const { json } = await load(file)

    expect(json).toMatchObject({ inserted: 2, rejected: 2 })
    expect((await rejectedOf(file)).map(({ line }) => line)).toEqual([4, 5])
  })

  it('writes nothing at a dry run and counts what it would do', async () => {
    const file = await write('dry.ndjson', line('1', 'Dry') + line('2', 'Dry'))
    await load(file)
    const before = await storedPlans('Dry')
    await write(
      'dry.ndjson',
      line('1', 'Dry', { active: false }) + line('2', 'Dry') + line('3', 'Dry'),
    )

    left.length = 0
    const dry = await load(file, { dryRun: true })

    expect(dry.json).toMatchObject({ inserted: 1, updated: 1, unchanged: 1, dry_run: true })
    expect(await storedPlans('Dry')).toEqual(before)
    expect(left).toEqual([])
    const real = await load(file)
    expect(real.json).toMatchObject({ inserted: 1, updated: 1, unchanged: 1 })
    expect(left).toEqual([{ action: 'import', resource: 'plans' }])
  })

  it('notices what differs in one column alone, be it by case', async () => {
    const loadWith = async (more: Record<string, unknown>) =>
      (await load(await write('alone.ndjson', line('1', 'Alone', { plan_name: 'Gold', ...more }))))
        .json
    let said = {}
    await loadWith(said)

    for (const more of [
      { plan_name: 'GOLD' },
      { carrier: 'ALONE' },
      { plan_type: 'ppo' },
      { active: false },
      { coverage_details: { note: 'A' } },
      { coverage_details: { note: 'a' } },
    ]) {
      said = { ...said, ...more }
      expect(await loadWith(said)).toMatchObject({ updated: 1, unchanged: 0 })
      expect(await loadWith(said)).toMatchObject({ updated: 0, unchanged: 1 })
    }
  })

  it('tells the edges what an import had written that was cut short before it told them', async () => {
    const file = await write('untold.ndjson', line('1', 'Untold'))
    const { TOKENS } = served.worker.env
    const { json } = await load(file)
    await TOKENS.delete('catalogue')

    const again = await load(file)

    expect(again.json).toMatchObject({ unchanged: 1, catalogue_version: json.catalogue_version })
    expect(await TOKENS.get('catalogue')).toContain(json.catalogue_version)
  })

  it('makes plans inactive that a sound file does not name', async () => {
    const all = ['1', '2', '3'].map((id) => line(id, 'Gone')).join('')
    const loadAll = async (name: string, text: string) =>
      load(await write(name, text), { deactivateMissing: true })
    await loadAll('all.ndjson', all)

    const torn = await loadAll('torn.ndjson', line('1', 'Gone') + '{"external_id": "Gone-2"}\n')
    const empty = await loadAll('empty.ndjson', '')
    const fewer = await write('fewer.ndjson', line('2', 'Gone'))
    const dry = await load(fewer, { deactivateMissing: true, dryRun: true })
    const untouched = await storedPlans('Gone')
    const done = await loadAll('fewer.ndjson', line('2', 'Gone'))
    const again = await loadAll('fewer.ndjson', line('2', 'Gone'))

    expect(torn).toMatchObject({
      failed: true,
      json: { refusal: expect.stringMatching(/^no plan was deactivated/) },
    })
    expect(empty).toMatchObject({ failed: true, json: { unchanged: 0 } })
    expect(dry.json).toMatchObject({ unchanged: 1, deactivated: 2 })
    expect(untouched.map(({ active }) => active)).toEqual([1, 1, 1])
    expect(done.json).toMatchObject({ unchanged: 1, deactivated: 2 })
    expect(again.json).toMatchObject({ unchanged: 1, deactivated: 0 })
    expect((await storedPlans('Gone')).map(({ active }) => active)).toEqual([0, 1, 0])
  })

  it.each([
    ['people.csv', 'Id,SSN\n1,987-65-4320\n', 'has no column external_id, plan_name, carrier'],
    ['twice.csv', 'a,A,external_id,plan_name,carrier,plan_type,active\n', 'two columns named a'],
  ])('refuses %s and says why', async (name, text, message) => {
    const file = await write(name, text)

    const refused = await load(file).catch((error: unknown) => error)

    expect(refused).toBeInstanceOf(Failure)
    expect(String(refused)).toContain(message)
    expect(String(refused)).not.toContain('987')
  })
})

describe('import ownables', () => {
  it('registers the rows of a CSV, again without a change, for the Worker to find', async () => {
    const file = await write('patients.csv', 'Type,ID\nPatient,7001\nPatient,7002\nPatient,x\n,3\n')
    const again = (options: { dryRun?: true }) =>
      lendingSignals(() => importOwnables(opened(), file, { clinic: 'riverside', ...options }))

    await served.worker.patients('lakeside', 7001, 7002)
    const dry = await again({ dryRun: true })
    expect(existsSync(`${file}.rejected.ndjson`)).toBe(false)
    const first = await runJson(
      ['import', 'ownables', file, '--clinic', 'riverside'].concat(served.store.flags),
    )
    const second = await again({})

    expect(dry.json).toMatchObject({ inserted: 2, rejected: 2, dry_run: true })
    expect(first).toMatchObject({ inserted: 2, unchanged: 0, rejected: 2 })
    expect(second.json).toMatchObject({ inserted: 0, unchanged: 2, rejected: 2 })
    expect((await rejectedOf(file)).map(({ errors }) => errors)).toEqual([
      { id: ['is not a number'] },
      { type: ["can't be blank"] },
    ])
    const created = await served.worker.call('/dependents', token, aDependent(7002))
    expect(created.status).toBe(201)
  })
})
