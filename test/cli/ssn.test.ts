import { readFile, stat, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { aDependent, aPersonInformation } from '../support/fixtures.ts'
import { makeStore, run, runJson, serve, type TestStore } from './command.ts'

let store: TestStore
beforeAll(async () => {
  store = await makeStore()
  const made = await runJson(
    ['token', 'create', '--clinic', 'riverside', '--label', 'test'].concat(store.flags),
  )
  const token = String(made['token'])
  await writeFile(store.file('patients.csv'), 'type,id\nPatient,1\nPatient,2\nPatient,3\n')
  await runJson(
    ['import', 'ownables', store.file('patients.csv'), '--clinic', 'riverside'].concat(store.flags),
  )
  const worker = await serve(store)
  for (const [id, ssn] of [
    [1, '987-65-4321'],
    [2, '987654322'],
    [3, null],
  ] as const) {
    const person = aPersonInformation(id, { ssn })
    expect((await worker.call('/person_informations', token, person)).status).toBe(201)
  }
  const child = aDependent(1, { ssn: '987-65-4323' })
  expect((await worker.call('/dependents', token, child)).status).toBe(201)
  await worker.close()
})
afterAll(() => store.remove())

const line = z.looseObject({
  ssn: z.looseObject({ key_id: z.string(), sealed: z.string() }).nullable(),
})
const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((json): unknown => JSON.parse(json))
const exported = async (table: string) => {
  const { status, stdout } = await run(
    ['export', table, '--clinic', 'riverside'].concat(store.flags),
  )
  expect(status).toBe(0)
  return linesOf(stdout).map((record) => line.parse(record))
}
const open = async (records: readonly unknown[], ...keys: string[]) => {
  const file = store.file('export.ndjson')
  await writeFile(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  return await run(['ssn', 'open', file, '--key', ...keys])
}

describe('export', () => {
  it.each(['person_informations', 'dependents'])(
    'writes %s with their SSNs as they are stored',
    async (table) => {
      const records = await exported(table)

      expect(records).toHaveLength(table === 'dependents' ? 1 : 3)
      expect(records[0]).toMatchObject({
        table,
        clinic_id: 'riverside',
        ssn: { sealed: expect.stringMatching(/^[\w-]{70,}=?$/) },
      })
      expect(JSON.stringify(records)).not.toMatch(/987-?65-?432/)
    },
  )

  it('writes to a new file that its owner alone may read, and never over another', async () => {
    const file = store.file('people.ndjson')
    const args = ['export', 'person_informations', '--clinic', 'riverside', '--out', file]

    const first = await runJson([...args, ...store.flags])
    const second = await run([...args, ...store.flags])

    expect(first).toEqual({ exported: 3 })
    expect((await stat(file)).mode & 0o077).toBe(0)
    expect(second.status).toBe(1)
  })
})

describe('ssn open', () => {
  it('gives back what the API sealed', async () => {
    const people = await open(await exported('person_informations'), store.keyFile)
    const dependents = await open(await exported('dependents'), store.keyFile)

    expect(people.status).toBe(0)
    expect(linesOf(people.stdout)).toMatchObject([
      { ownable_id: 1, ssn: '987-65-4321' },
      { ownable_id: 2, ssn: '987-65-4322' },
      { ownable_id: 3, ssn: null },
    ])
    expect(linesOf(dependents.stdout)).toMatchObject([{ ssn: '987-65-4323' }])
    expect(people.stderr).not.toContain('987')
  })

  it('refuses with another key', async () => {
    const other = store.file('other.key.json')
    await runJson(['ssn', 'keygen', '--out', other])

    const refused = await open(await exported('dependents'), other)

    expect(refused.status).toBe(1)
    expect(refused.stdout).toBe('')
    expect(refused.stderr).toContain('line 1 refused: it is sealed to key')
  })

  it('refuses SSNs that were swapped between owners, tables or clinics, or touched', async () => {
    const [one, two] = await exported('person_informations')
    const [child] = await exported('dependents')
    const forged = [
      { ...one, ssn: two?.ssn },
      { ...two, ssn: one?.ssn },
      { ...one, ssn: child?.ssn },
      { ...one, clinic_id: 'lakeside' },
      { ...one, ownable_type: 'Account' },
      { ...one, ssn: { ...one?.ssn, last_four: '9999' } },
      { ...one, ssn: { ...one?.ssn, sealed: one?.ssn?.sealed.replace(/^../, 'AA') } },
      { any: 'line' },
      one,
    ]

    const { status, stdout, stderr } = await open(forged, store.keyFile)

    expect(status).toBe(1)
    expect(linesOf(stdout)).toMatchObject([{ ownable_id: 1, ssn: '987-65-4321' }])
    expect(stderr.match(/line \d refused/g)).toHaveLength(8)
    expect(stderr).toContain('1 opened, 8 refused')
  })

  it('takes no key file that is damaged, and warns of one that others can read', async () => {
    await writeFile(store.file('damaged key.json'), '{"privateKey":"c2VjcmV0"}', { mode: 0o644 })

    const damaged = await open([], store.file('damaged key.json'))

    expect(damaged.status).toBe(1)
    expect(damaged.stderr).toContain(`chmod 600 '${store.file('damaged key.json')}'`)
    expect(damaged.stderr).toContain('is not a private key')
    expect(damaged.stderr).not.toContain('c2VjcmV0')
  })
})

describe('ssn keygen', () => {
  it('keeps the private key from everybody else and never writes over one', async () => {
    const file = store.file('new.key.json')

    const { stdout } = await run(['ssn', 'keygen', '--out', file])
    const again = await run(['ssn', 'keygen', '--out', file])

    const { privateKey, publicKey } = JSON.parse(await readFile(file, 'utf8'))
    expect(stdout).toContain(`SSN_PUBLIC_KEY = "${publicKey}"`)
    expect(stdout).not.toContain(privateKey)
    expect((await stat(file)).mode & 0o077).toBe(0)
    expect(again.status).toBe(1)
    expect(again.stderr).toContain('exists and may hold a key')
  })
})

describe('ssn rotate and reseal', () => {
  it('makes a second key the active one and moves the records over, as often as it is run', async () => {
    const before = await exported('person_informations')
    const { keyId: oldId } = JSON.parse(await readFile(store.keyFile, 'utf8'))
    const oldKey = store.keyFile.replace(/json$/, `${oldId}.json`)

    const rotated = await runJson(['ssn', 'rotate', ...store.flags])

    expect(rotated['key_id']).not.toBe(oldId)
    expect((await open(before, oldKey)).status).toBe(0)
    expect((await open(before, store.keyFile)).status).toBe(1)

    const wrongKey = await run(['ssn', 'reseal', '--key', store.keyFile, ...store.flags])
    expect(wrongKey.status).toBe(1)
    expect(wrongKey.stdout).toContain('0 resealed')
    expect(await exported('person_informations')).toEqual(before)

    const resealed = await runJson(['ssn', 'reseal', '--key', oldKey, ...store.flags])
    const again = await runJson(['ssn', 'reseal', '--key', oldKey, ...store.flags])

    expect(resealed).toMatchObject({ key_id: rotated['key_id'], resealed: 3, refused: 0 })
    expect(again).toMatchObject({ resealed: 0, refused: 0 })
    const after = await exported('person_informations')
    expect(after.map(({ ssn: _, ...record }) => record)).toEqual(
      before.map(({ ssn: _, ...record }) => record),
    )
    const opened = await open(after, store.keyFile)
    expect(linesOf(opened.stdout)).toMatchObject([
      { ssn: '987-65-4321' },
      { ssn: '987-65-4322' },
      { ssn: null },
    ])
    expect((await open(after, oldKey)).status).toBe(1)
  })
})
