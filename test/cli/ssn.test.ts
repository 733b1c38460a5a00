import { copyFile, readFile, stat, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { aDependent, aPersonInformation } from '../support/fixtures.ts'
import { makeStore, run, runJson, serve, type TestStore } from './command.ts'

/** Records of another clinic. */
const LAKESIDE = 200

let store: TestStore
/** What was exported before any test, and the key that it is sealed to. */
let counts: unknown
let people: Exported[]
let dependents: Exported[]
let firstKey: string
beforeAll(async () => {
  store = await makeStore()
  const worker = await serve(store)
  const token = await worker.token('riverside')
  await worker.patients('riverside', 1, 2, 3)
  for (const [id, ssn] of [
    [1, '987-65-4321'],
    [2, '987654322'],
    [3, null],
  ] as const) {
    const person = aPersonInformation(id, { ssn })
    expect((await worker.call('/person_informations', token, person)).status).toBe(201)
  }
  for (const ssn of ['987-65-4323', '987-65-4324']) {
    expect((await worker.call('/dependents', token, aDependent(1, { ssn }))).status).toBe(201)
  }
  // Of another clinic nothing may come along, and it has more than is resealed at once.
  const stranger = await worker.token('lakeside')
  await worker.patients('lakeside', 1)
  for (const size of [100, LAKESIDE - 100]) {
    const theirs = Array.from({ length: size }, () => aPersonInformation(1).person_information)
    const batch = { person_informations: theirs }
    const made = await worker.call('/person_informations/batch', stranger, batch)
    expect(made.status).toBe(201)
  }
  await worker.close()
  const file = store.file('people.ndjson')
  const flags = ['--clinic', 'riverside', '--out', file].concat(store.flags)
  counts = await runJson(['export', 'person_informations', ...flags])
  people = recordsOf(await readFile(file, 'utf8'))
  dependents = await exported('dependents')
  firstKey = store.file('first.key.json')
  await copyFile(store.keyFile, firstKey)
})
afterAll(() => store.remove())

const line = z.looseObject({
  ssn: z.looseObject({ key_id: z.string(), sealed: z.string() }).nullable(),
})
type Exported = z.infer<typeof line>
const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((json): unknown => JSON.parse(json))
const recordsOf = (text: string) => linesOf(text).map((record) => line.parse(record))
const exported = async (table: string) => {
  const { status, stdout } = await run(
    ['export', table, '--clinic', 'riverside'].concat(store.flags),
  )
  expect(status).toBe(0)
  return recordsOf(stdout)
}
const open = async (records: readonly unknown[], ...keys: string[]) => {
  const file = store.file('export.ndjson')
  await writeFile(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  return await run(['ssn', 'open', file, '--key', ...keys])
}

describe('export', () => {
  it('writes records with their SSNs as they are stored', () => {
    const ssn = { sealed: expect.stringMatching(/^[\w-]{70,}=?$/) }

    expect(people).toMatchObject([
      { table: 'person_informations', clinic_id: 'riverside', ssn },
      { ssn },
      { ssn: null },
    ])
    expect(dependents).toMatchObject([
      { table: 'dependents', clinic_id: 'riverside', ssn },
      { primary_holder_id: 1, ssn },
    ])
    expect(JSON.stringify([people, dependents])).not.toMatch(/987-?65-?432/)
  })

  it('writes to a new file that its owner alone may read, and never over another', async () => {
    const file = store.file('people.ndjson')

    const again = await run(['ssn', 'open', file, '--key', firstKey, '--out', file])

    expect(counts).toEqual({ exported: 3 })
    expect((await stat(file)).mode & 0o077).toBe(0)
    expect(again.status).toBe(1)
    expect(again.stderr).toContain('exists: choose another name')
  })
})

describe('ssn open', () => {
  it('gives back what the API sealed', async () => {
    const opened = await open([...people, ...dependents], firstKey)

    expect(opened.status).toBe(0)
    expect(linesOf(opened.stdout)).toMatchObject([
      { ownable_id: 1, ssn: '987-65-4321' },
      { ownable_id: 2, ssn: '987-65-4322' },
      { ownable_id: 3, ssn: null },
      { primary_holder_id: 1, ssn: '987-65-4323' },
      { primary_holder_id: 1, ssn: '987-65-4324' },
    ])
    expect(opened.stderr).not.toContain('987')
  })

  it('refuses with another key', async () => {
    const other = store.file('other.key.json')
    await runJson(['ssn', 'keygen', '--out', other])

    const refused = await open(dependents, other)

    expect(refused.status).toBe(1)
    expect(refused.stdout).toBe('')
    expect(refused.stderr).toContain('line 1 refused: its SSN is sealed to key')
  })

  it('refuses SSNs that were swapped between records, owners, tables or clinics, or touched', async () => {
    const [one, two] = people
    const [child, sibling] = dependents
    const forged = [
      { ...one, ssn: two?.ssn },
      { ...two, ssn: one?.ssn },
      { ...one, ssn: child?.ssn },
      { ...child, ssn: sibling?.ssn },
      { ...sibling, ssn: child?.ssn },
      { ...one, clinic_id: 'lakeside' },
      { ...one, ownable_type: 'Account' },
      { ...one, ssn: { ...one?.ssn, last_four: '9999' } },
      {
        ...one,
        ssn: {
          ...one?.ssn,
          sealed: one?.ssn?.sealed.replace(/^./, (digit) => (digit === 'A' ? 'B' : 'A')),
        },
      },
      { any: 'line' },
      one,
    ]

    const { status, stdout, stderr } = await open(forged, firstKey)

    expect(status).toBe(1)
    expect(linesOf(stdout)).toMatchObject([{ ownable_id: 1, ssn: '987-65-4321' }])
    expect(stderr.match(/line \d+ refused/g)).toHaveLength(10)
    expect(stderr).toContain('1 opened, 10 refused')
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
    const { keyId: oldId } = JSON.parse(await readFile(store.keyFile, 'utf8'))
    const oldKey = store.keyFile.replace(/json$/, `${oldId}.json`)

    const { stdout } = await run(['ssn', 'rotate', ...store.flags])

    const [, newId] = /key ([0-9a-f]{8})/.exec(stdout) ?? []
    expect(newId).not.toBe(oldId)
    expect(stdout).toContain(`\n  npm run dev -- --persist-to ${store.state}\n`)
    expect(stdout).toContain(`ssn reseal ${store.flags.join(' ')} --key ${oldKey}\n`)
    expect((await open(people, oldKey)).status).toBe(0)
    expect((await open(people, store.keyFile)).status).toBe(1)

    const wrongKey = await run(['ssn', 'reseal', '--key', store.keyFile, ...store.flags])
    expect(wrongKey.status).toBe(1)
    expect(wrongKey.stdout).toContain('0 resealed')

    const resealed = await runJson(['ssn', 'reseal', '--key', oldKey, ...store.flags])
    const again = await runJson(['ssn', 'reseal', '--key', oldKey, ...store.flags])

    expect(resealed).toMatchObject({ key_id: newId, resealed: LAKESIDE + 4, refused: 0 })
    expect(again).toMatchObject({ resealed: 0, refused: 0 })
    const resealedIn = async (clinic: string) =>
      linesOf((await run(['audit', '--clinic', clinic, ...store.flags])).stdout)
        .map((event) =>
          z.object({ action: z.string(), resource: z.string(), ids: z.string() }).parse(event),
        )
        .filter(({ action }) => action === 'reseal')
        .map(({ resource, ids }) => `${resource} ${ids}`)
    expect(await resealedIn('riverside')).toEqual(['person_informations 1-2', 'dependents 1-2'])
    expect(await resealedIn('lakeside')).toEqual([`person_informations 1-${LAKESIDE}`])
    const after = await exported('person_informations')
    expect(after.map(({ ssn: _, ...record }) => record)).toEqual(
      people.map(({ ssn: _, ...record }) => record),
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
