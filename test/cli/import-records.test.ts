import { readFile, writeFile } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importRecords } from '../../src/cli/commands/import/records.ts'
import { createClinic, setClinicState } from '../../src/clinics/queries.ts'
import { databaseOf, openSession, type Session } from '../../src/storage/session.ts'
import { publishPlans } from '../../src/operator/publish-plans.ts'
import { coverages } from '../../src/resources/coverage.ts'
import { dependents } from '../../src/resources/dependent.ts'
import { personInformations } from '../../src/resources/person-information.ts'
import type { Resource } from '../../src/records/resource.ts'
import { ssnOwner } from '../../src/records/given.ts'
import { insertOwnables } from '../../src/operator/ownables.ts'
import { openSsn } from '../../src/operator/ssn.ts'
import { aPersonInformation } from '../support/fixtures.ts'
import { losingAnswers } from '../support/losing.ts'
import { lendingSignals, makeStore, run, runJson, serve, type TestStore } from './command.ts'

/** Patients as another system writes them: with columns that are none of ours, blanks, and digits in names. */
const PATIENTS = [
  'Id,BIRTHDATE,DEATHDATE,SSN,DRIVERS,PREFIX,FIRST,LAST,SUFFIX,GENDER,BIRTHPLACE,ZIP,LAT',
  ...Array.from(
    { length: 27 },
    (_, n) =>
      `${crypto.randomUUID()},${1950 + n}-0${1 + (n % 9)}-1${n % 10},,999-${10 + n}-${1000 + n},S99,Mr.,` +
      `José${n},O'Hara${n * 7},,M,Boston  Massachusetts  US,0213${n % 10},42.36877442769006`,
  ),
]

type Store = TestStore & { worker: Awaited<ReturnType<typeof serve>> }
type Options = Partial<Parameters<typeof importRecords>[4]>

async function openStore(): Promise<Store> {
  const store = await makeStore()
  return { ...store, worker: await serve(store) }
}

let store: Store
beforeAll(async () => {
  store = await openStore()
})
afterAll(async () => {
  await store.worker.close()
  await store.remove()
})

const sessionOf = ({ worker }: Store) => databaseOf(worker.env, 'first-primary')
const publicKeyOf = async ({ keyFile }: Store): Promise<string> =>
  JSON.parse(await readFile(keyFile, 'utf8')).publicKey

let made = 0
/** A clinic of the test's own, without patients. */
async function aClinic(id = `clinic-${++made}`, at = store) {
  await createClinic(sessionOf(at), id)
  const left: object[] = []
  let files = 0
  return {
    id,
    left,
    flags: ['--clinic', id, ...at.flags],
    /** Imports this text, in the store as the Worker has it open: opening it once more takes a second. */
    async load(
      resource: Resource,
      text: string,
      {
        name = `${id}-${++files}.csv`,
        db = sessionOf(at),
        ...options
      }: Options & { name?: string; db?: Session } = {},
    ) {
      const file = at.file(name)
      await writeFile(file, text)
      const opened = {
        db,
        operator: async () => 'operator:jo',
        leave: async (deed: object) => void left.push(deed),
      }
      const { json, lines } = await lendingSignals(async () =>
        importRecords(opened, resource, file, await publicKeyOf(at), { clinic: id, ...options }),
      )
      const rejected = await readFile(`${file}.rejected.ndjson`, 'utf8').catch(() => '')
      return { json, lines, rejected }
    },
    /** What is stored of a resource, in the order of ids. */
    stored: async ({ name }: Resource) =>
      (
        await at.worker.env.DB.prepare(`SELECT * FROM ${name} WHERE clinic_id = ? ORDER BY id`)
          .bind(id)
          .all()
      ).results,
    journal: async () =>
      (
        await at.worker.env.DB.prepare(
          'SELECT resource, record_id, version, action, token_id, changed FROM changes WHERE clinic_id = ? ORDER BY seq',
        )
          .bind(id)
          .all()
      ).results,
    /** Its SSNs of a resource as only the operator can read them, in the order of ids. */
    async ssns(resource: Resource) {
      const { privateKey } = JSON.parse(await readFile(at.keyFile, 'utf8'))
      const rows = await this.stored(resource)
      return await Promise.all(
        rows.map(async ({ ssn_sealed: sealed, ssn_last_four: lastFour, ...row }) =>
          typeof sealed === 'string'
            ? openSsn({ sealed, lastFour: String(lastFour) }, ssnOwner(resource, row), privateKey)
            : null,
        ),
      )
    },
    /** What `export` writes of it, and `ssn open` of that. */
    async exported({ name }: Resource) {
      const file = at.file(`${id}-${++files}.ndjson`)
      await runJson(['export', name, '--out', file, '--clinic', id, ...at.flags])
      await runJson(['ssn', 'open', file, '--key', at.keyFile, '--out', `${file}.opened`])
      return {
        sealed: await readFile(file, 'utf8'),
        opened: await readFile(`${file}.opened`, 'utf8'),
      }
    },
  }
}

const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

const PEOPLE = `Patient ID,First Name,Last,DOB,SSN,Phone,E-mail,Favourite colour
1,Ana,O'Neil,1990-05-15,123-45-6789,+1-202-555-0101,ana@example.com,red
2,José,Muñoz,1985-01-02,,,,blue
`

describe('import person_informations', () => {
  it('reads headers as people write them, and tells which columns it ignored', async () => {
    const clinic = await aClinic()

    const { json } = await clinic.load(personInformations, PEOPLE, { register: true })

    expect(json).toMatchObject({ inserted: 2, updated: 0, unchanged: 0, rejected: 0 })
    expect(json).toMatchObject({ registered: 2, ignored_columns: ['favourite_colour'] })
    expect(await clinic.stored(personInformations)).toMatchObject([
      {
        id: 1,
        version: 1,
        ownable_type: 'Patient',
        ownable_id: 1,
        first_name: 'Ana',
        last_name: "O'Neil",
        date_of_birth: '1990-05-15',
        ssn_last_four: '6789',
        phone: '+1-202-555-0101',
        email: 'ana@example.com',
      },
      {
        id: 2,
        version: 1,
        first_name: 'José',
        last_name: 'Muñoz',
        ssn_sealed: null,
        phone: null,
        email: null,
      },
    ])
    expect(await clinic.journal()).toMatchObject([
      { record_id: 1, action: 'create', token_id: 'operator:jo' },
      { record_id: 2, action: 'create', token_id: 'operator:jo' },
    ])
    expect(clinic.left).toEqual([{ action: 'import', resource: 'ownables', clinicId: clinic.id }])
  })

  it('run again changes nothing, also where names are spelled otherwise', async () => {
    const clinic = await aClinic()
    await clinic.load(personInformations, PEOPLE, { register: true })
    const before = await clinic.stored(personInformations)

    const again = await clinic.load(
      personInformations,
      PEOPLE.replace("O'Neil", 'ONEIL').replace('José', 'JOSE\u0301'),
    )

    expect(again.json).toMatchObject({ inserted: 0, updated: 0, unchanged: 2, rejected: 0 })
    expect(again.lines).toContain('nothing changed')
    expect(await clinic.stored(personInformations)).toEqual(before)
    expect(await clinic.journal()).toHaveLength(2)
  })

  it('looks for a person in its own clinic alone, where the same one may have another id', async () => {
    const [clinic, other] = [await aClinic(), await aClinic()]
    const [header, first, second] = PEOPLE.split('\n')
    await other.load(personInformations, PEOPLE, { register: true })
    await clinic.load(personInformations, [header, second, first].join('\n'), { register: true })

    const again = await clinic.load(personInformations, PEOPLE)

    expect(again.json).toMatchObject({ inserted: 0, updated: 0, unchanged: 2 })
  })

  it('amends what differs, through the journal, and leaves what has no column', async () => {
    const clinic = await aClinic()
    await clinic.load(personInformations, PEOPLE, { register: true })

    const { json } = await clinic.load(
      personInformations,
      `ownable_id,ownable_type,first_name,last_name,date_of_birth,phone,ssn
        1,Patient,Ana,O'Neil,1990-05-15,,123456789
        2,Patient,José,Muñoz,1985-01-02,+44 20 7946 0000,987654321\n`,
    )

    expect(json).toMatchObject({ inserted: 0, updated: 2, unchanged: 0, rejected: 0 })
    expect(await clinic.stored(personInformations)).toMatchObject([
      { version: 2, phone: null, email: 'ana@example.com', ssn_last_four: '6789' },
      { version: 2, phone: '+44 20 7946 0000', email: null, ssn_last_four: '4321' },
    ])
    expect((await clinic.journal()).slice(2)).toMatchObject([
      { record_id: 1, version: 2, action: 'amend', changed: '["phone"]' },
      { record_id: 2, version: 2, action: 'amend', changed: '["phone","ssn"]' },
    ])
    expect(await clinic.ssns(personInformations)).toEqual(['123456789', '987654321'])
  })

  it('never clears an SSN, and writes one of the same last four digits only when told', async () => {
    const clinic = await aClinic()
    await clinic.load(personInformations, PEOPLE, { register: true })
    const cleared = PEOPLE.replace('123-45-6789', '')
    const other = PEOPLE.replace('123-45-6789', '111-11-6789')

    expect((await clinic.load(personInformations, cleared)).json).toMatchObject({ unchanged: 2 })
    expect((await clinic.load(personInformations, other)).json).toMatchObject({ unchanged: 2 })
    expect(await clinic.ssns(personInformations)).toEqual(['123456789', null])
    const told = await clinic.load(personInformations, other, { replaceSsns: true })

    expect(told.json).toMatchObject({ updated: 1, unchanged: 1 })
    expect(await clinic.ssns(personInformations)).toEqual(['111116789', null])
  })

  it('tells apart whom a clinic has twice: by SSN, and in its own export by uid', async () => {
    const clinic = await aClinic()
    await store.worker.patients(clinic.id, 1)
    const token = await store.worker.token(clinic.id)
    const { ssn: _, ...person } = aPersonInformation(1).person_information
    for (const ssn of [null, '987654321', null]) {
      const body = { person_information: { ...person, ssn } }
      await store.worker.call('/person_informations', token, body)
    }
    const { sealed } = await clinic.exported(personInformations)

    const { json } = await clinic.load(personInformations, sealed, { name: 'copies.ndjson' })
    const row = `${JSON.stringify({ ...person, ssn: '987654321' })}\n`
    const found = await clinic.load(personInformations, row, { name: 'one.ndjson' })

    expect(json).toMatchObject({ unchanged: 3, rejected: 0 })
    expect(found.json).toMatchObject({ inserted: 0, updated: 0, unchanged: 1 })
  })

  it('makes a second record of a corrected name, and one record of two rows of a person', async () => {
    const clinic = await aClinic()
    await clinic.load(personInformations, PEOPLE, { register: true })
    const row = (fields: object) =>
      `${JSON.stringify({ patient_id: 1, last: 'ONeil', dob: '1990-05-15', ...fields })}\n`

    const { json } = await clinic.load(
      personInformations,
      row({ first: 'Anna', phone: '5550001111', ssn: '111223333', email: 'old@example.com' }) +
        row({ first: 'ANNA', email: 'anna@example.com' }),
      { name: 'twice.ndjson' },
    )

    expect(json).toMatchObject({ inserted: 1, unchanged: 0, merged: 1 })
    expect(json.merged_rows).toEqual([{ line: 2, first: 1 }])
    expect((await clinic.stored(personInformations)).slice(2)).toMatchObject([
      { first_name: 'ANNA', phone: '5550001111', email: 'anna@example.com', ssn_last_four: '3333' },
    ])
  })

  it('sets wrong rows aside with all that is wrong with them, and without SSNs', async () => {
    const clinic = await aClinic()
    await store.worker.patients(clinic.id, 1)
    await insertOwnables(sessionOf(store), clinic.id, [{ type: 'Organization', id: 7 }])
    const row = (fields: object) =>
      `${JSON.stringify({ patient_id: 1, first_name: 'Ana', last_name: 'Roe', date_of_birth: '1990-05-15', ...fields })}\n`

    const { json, lines, rejected } = await clinic.load(
      personInformations,
      row({}) +
        row({ patient_id: 7, first_name: ' ', ssn: '123-45-6789' }) +
        row({ patient_id: 7, note: 'nobody asked for this' }) +
        '{"patient_id": \n' +
        row({ date_of_birth: '15/05/1990', phone: '12', ssn: '123-45-678', email: '987-65-4321' }) +
        row({ patient_id: 'x1' }),
      { name: 'wrong.ndjson' },
    )

    expect(json).toMatchObject({ inserted: 1, rejected: 5 })
    expect(lines).toContain("line 2 rejected: first_name can't be blank")
    expect(linesOf(rejected)).toMatchObject([
      { line: 2, errors: { first_name: ["can't be blank"] } },
      { line: 3, errors: { ownable_id: [expect.stringMatching(/^must exist: --register/)] } },
      { line: 4, errors: { row: ['is not JSON at column 16'] } },
      {
        line: 5,
        errors: {
          date_of_birth: [expect.stringMatching(/^is invalid: .* --dates mdy or --dates dmy/)],
          ssn: [expect.stringMatching(/^is invalid: it takes nine digits/)],
          phone: [expect.stringMatching(/^is invalid: it takes 7 to 15 digits/)],
          email: ['looks like an SSN'],
        },
      },
      { line: 6, errors: { ownable_id: ['is not a number'] } },
    ])
    expect(rejected).not.toMatch(/123-45-678|987-65-4321|nobody asked|Roe|Ana/)
  })

  it('registers nobody whom only a wrong row names', async () => {
    const clinic = await aClinic()

    const { json } = await clinic.load(
      personInformations,
      PEOPLE.replace('1985-01-02', 'yesterday'),
      { register: true },
    )

    expect(json).toMatchObject({ inserted: 1, rejected: 1, registered: 1 })
  })

  it('writes nothing at a dry run, and counts what it would do', async () => {
    const clinic = await aClinic()
    // The same people under other ids, of another clinic.
    const [header, one, two] = PEOPLE.split('\n')
    const others = [header, two, one, ''].join('\n')
    await (await aClinic()).load(personInformations, others, { register: true })

    const dry = await clinic.load(personInformations, PEOPLE, { register: true, dryRun: true })
    expect(dry.json).toMatchObject({ inserted: 2, registered: 2, dry_run: true })
    expect(await clinic.stored(personInformations)).toEqual([])

    await clinic.load(personInformations, PEOPLE, { register: true })
    const changed = `${PEOPLE.replace('ana@', 'new@')}3,New,One,2000-01-01,,,,\n`
    const more = await clinic.load(personInformations, changed, { register: true, dryRun: true })

    expect(more.json).toMatchObject({ inserted: 1, updated: 1, unchanged: 1, registered: 1 })
    expect(await clinic.journal()).toHaveLength(2)
    expect(clinic.left).toHaveLength(1)
  })

  it('whose answers are lost after the commit counts what it wrote, once', async () => {
    const clinic = await aClinic()
    const db = losingAnswers(store.worker.env.DB)

    const first = await clinic.load(personInformations, PEOPLE, { db, register: true })
    const changed = PEOPLE.replace('ana@', 'new@').replace('1985-01-02,,', '1985-01-02,987654321,')
    const second = await clinic.load(personInformations, changed, { db })

    expect(first.json).toMatchObject({ inserted: 2, registered: 2 })
    expect(second.json).toMatchObject({ updated: 2, unchanged: 0 })
    expect(await clinic.journal()).toHaveLength(4)
    expect(await clinic.ssns(personInformations)).toEqual(['123456789', '987654321'])
  })

  it('looks again for a record that somebody else writes first', async () => {
    const clinic = await aClinic()
    await clinic.load(personInformations, PEOPLE.replace(/^2.*\n/m, ''), { register: true })
    await store.worker.patients(clinic.id, 2)
    const token = await store.worker.token(clinic.id)
    const { env } = store.worker
    const session = env.DB.withSession('first-primary')
    let batches = 0
    const db = openSession({
      getBookmark: () => session.getBookmark(),
      prepare: (query) => session.prepare(query),
      async batch<Row>(statements: D1PreparedStatement[]) {
        const answers = await session.batch<Row>(statements)
        // Between finding the records and writing them.
        if (++batches === 2) {
          await store.worker.call('/person_informations', token, {
            person_information: {
              ...{ ownable_id: 2, ownable_type: 'Patient', first_name: 'JOSÉ', last_name: 'Muñoz' },
              ...{ date_of_birth: '1985-01-02', phone: '5550001111' },
            },
          })
          await env.DB.prepare(
            'UPDATE person_informations SET version = 7 WHERE clinic_id = ? AND id = 1',
          )
            .bind(clinic.id)
            .run()
        }
        return answers
      },
    })

    const { json } = await clinic.load(personInformations, PEOPLE.replace('ana@', 'new@'), { db })

    expect(json).toMatchObject({ inserted: 0, updated: 2, unchanged: 0 })
    expect(await clinic.stored(personInformations)).toMatchObject([
      { version: 8, email: 'new@example.com' },
      { version: 2, first_name: 'JOSÉ', phone: null },
    ])
  })

  it('refuses a file without a column that every record needs, and a clinic that is not open', async () => {
    const clinic = await aClinic()

    const lacking = clinic.load(personInformations, 'patient_id,first,email\n1,Ana,\n')
    await expect(lacking).rejects.toThrow(/has no column last_name, date_of_birth/)

    await setClinicState(sessionOf(store), clinic.id, 'frozen')
    const frozen = clinic.load(personInformations, PEOPLE, { register: true })
    await expect(frozen).rejects.toThrow(`${clinic.id} takes no writes now`)
    expect(await clinic.stored(personInformations)).toEqual([])
  })

  it('goes by the command line, which knows the clinics', async () => {
    const clinic = await aClinic()
    await writeFile(store.file('people.csv'), PEOPLE)
    const command = ['import', 'person_informations', store.file('people.csv'), ...store.flags]

    const mistyped = await run([...command, '--clinic', `${clinic.id}x`])
    const { stdout, status } = await run([...command, '--clinic', clinic.id, '--register'])

    expect(mistyped.stderr).toContain(`did you mean ${clinic.id}?`)
    expect(status).toBe(0)
    expect(stdout).toContain('2 inserted, 0 updated, 0 unchanged, 0 rejected\n2 owners registered')
  })
})

describe('import dependents', () => {
  it('creates and amends them by the rules of the API', async () => {
    const clinic = await aClinic()
    await store.worker.patients(clinic.id, 1)
    const text = (relationship: string) =>
      `Primary Holder ID,First Name,Last Name,Date of Birth,Relationship\n1,Ida,Roe,2010-03-20,${relationship}\n`

    expect((await clinic.load(dependents, text('child'))).json).toMatchObject({ inserted: 1 })
    expect((await clinic.load(dependents, text('other'))).json).toMatchObject({ updated: 1 })
    const wrong = await clinic.load(dependents, text('niece'))

    expect(wrong.lines[0]).toContain('relationship must be one of spouse, child, parent, other')
    expect(await clinic.stored(dependents)).toMatchObject([
      { primary_holder_type: 'Patient', primary_holder_id: 1, relationship: 'other', version: 2 },
    ])
  })
})

describe('import coverages', () => {
  it('stores for a column that the file lacks what the API does', async () => {
    const clinic = await aClinic()
    const text = 'Patient ID,Carrier,Member ID,Relationship\n1,Harbor,M 1,self\n'

    const { json } = await clinic.load(coverages, text, { register: true })

    expect(json).toMatchObject({ inserted: 1, rejected: 0 })
    expect(await clinic.stored(coverages)).toMatchObject([{ priority: 1, starts_on: null }])
  })

  it.each([7, true, {}, ['GOLD-1']])('refuses a plan that is no text: %j', async (plan) => {
    const clinic = await aClinic()
    const card = { patient_id: 1, plan, member_id: '7', relationship: 'self' }

    const { json, lines } = await clinic.load(coverages, `${JSON.stringify(card)}\n`, {
      register: true,
    })

    expect(json).toMatchObject({ inserted: 0, rejected: 1 })
    expect(lines[0]).toBe('line 1 rejected: plan is invalid')
  })

  it('reads a card by its headers, and names plans by their external ids', async () => {
    const clinic = await aClinic()
    const plan = { plan_name: 'Gold', carrier: 'Acme', plan_type: 'PPO', coverage_details: {} }
    await publishPlans(sessionOf(store), store.worker.env.TOKENS, [
      { ...plan, external_id: 'GOLD-1', active: true },
    ])

    const { json, lines } = await clinic.load(
      coverages,
      'Patient ID,Plan,Subscriber ID,Relationship,Primary/Secondary,Effective Date\n' +
        '1,GOLD-1,007,Self,Secondary,1/2/2026\n1,GOLD-2,008,self,1,\n',
      { register: true, dates: 'mdy' },
    )

    expect(json).toMatchObject({ inserted: 1, rejected: 1, registered: 1, ignored_columns: [] })
    expect(lines[0]).toBe('line 3 rejected: plan must exist as external_id of a plan')
    expect(await clinic.stored(coverages)).toMatchObject([
      { member_id: '007', relationship: 'self', priority: 2, starts_on: '2026-01-02', plan_id: 1 },
    ])
  })
})

describe('an export', () => {
  const DEPENDENTS =
    'primary_holder_id,first_name,last_name,date_of_birth,relationship,ssn\n' +
    '1,Ida,Roe,2010-03-20,child,987-65-4321\n2,Max,Roe,2011-03-20,spouse,\n'

  /** What an export says but for its own place and time. */
  const content = (text: string) =>
    linesOf(text).map(
      ({ uid: _, clinic_id: _id, created_at: _c, updated_at: _u, ...record }) => record,
    )

  it('is taken elsewhere as it is, sealed, and gives equal records', async () => {
    const elsewhere = await openStore()
    await writeFile(elsewhere.keyFile, await readFile(store.keyFile))
    const clinic = await aClinic('moved')
    const target = await aClinic('moved', elsewhere)
    for (const [resource, text] of [
      [personInformations, PEOPLE],
      [dependents, DEPENDENTS],
    ] as const) {
      await clinic.load(resource, text, { register: true })
      const source = await clinic.exported(resource)

      const there = await target.load(resource, source.sealed, {
        name: `${resource.name}.ndjson`,
        register: true,
      })
      const again = await target.load(resource, source.sealed, {
        name: `${resource.name}.ndjson`,
        replaceSsns: true,
      })

      expect(there.json).toMatchObject({ inserted: 2, rejected: 0, ignored_columns: [] })
      expect(again.json).toMatchObject({ inserted: 0, updated: 0, unchanged: 2 })
      const end = await target.exported(resource)
      expect(content(end.sealed)).toEqual(content(source.sealed))
      expect(content(end.opened)).toEqual(content(source.opened))
    }
    await elsewhere.worker.close()
    await elsewhere.remove()
  })

  it('with its SSNs opened is taken by another clinic, and gives equal records', async () => {
    const clinic = await aClinic()
    const target = await aClinic()
    await clinic.load(personInformations, PEOPLE, { register: true })
    const source = await clinic.exported(personInformations)

    const { json } = await target.load(personInformations, source.opened, {
      name: 'opened.ndjson',
      register: true,
    })

    expect(json).toMatchObject({ inserted: 2, rejected: 0, ignored_columns: [] })
    expect(content((await target.exported(personInformations)).opened)).toEqual(
      content(source.opened),
    )
  })

  it('is refused where its SSNs would not open: another clinic, another key, another record', async () => {
    const clinic = await aClinic()
    const another = await aClinic()
    await clinic.load(personInformations, PEOPLE, { register: true })
    const { sealed } = await clinic.exported(personInformations)

    const moved = await another.load(personInformations, sealed, {
      name: 'a.ndjson',
      register: true,
    })
    expect(moved.json).toMatchObject({ inserted: 1, rejected: 1 })
    expect(moved.lines[0]).toContain('ssn was sealed for another clinic: open it first')

    const otherKey = sealed.replace(/"key_id":"[0-9a-f]{8}"/, '"key_id":"00000000"')
    const keyed = await clinic.load(personInformations, otherKey, { name: 'b.ndjson' })
    expect(keyed.lines[0]).toContain('ssn is sealed to key 00000000, not to ')

    const ofOther = sealed.replace(/"uid":"[^"]+"/, `"uid":"${crypto.randomUUID()}"`)
    // Its last digits are the same, so it is not written, and the rest is.
    const amended = ofOther.replace(/"email":[^,}]+/, '"email":"new@example.com"')
    const same = await clinic.load(personInformations, amended, { name: 'same.ndjson' })
    expect(same.json).toMatchObject({ updated: 1, unchanged: 1, rejected: 0 })
    const [ssn = ''] = /\{"key_id[^}]*\}/.exec(sealed) ?? []
    const otherRecord = sealed.replace('"ssn":null', `"ssn":${ssn}`)
    const uid = /"uid":"([^"]+)"(?![^]*"uid")/.exec(otherRecord)?.[1] ?? ''
    const stranger = await clinic.load(
      personInformations,
      otherRecord.replace(uid, crypto.randomUUID()),
      { name: 'c.ndjson' },
    )
    expect(stranger.lines[0]).toContain('ssn was sealed for another record: open it first')
    expect(stranger.rejected).not.toContain('sealed":')
    expect(stranger.json).toMatchObject({ updated: 1, unchanged: 0, rejected: 1 })
  })
})

describe("another system's patients", () => {
  it('read by file and by batch are the same, with the same SSNs', async () => {
    const rows: Record<string, string>[] = parse(PATIENTS.join('\n'), { columns: true })
    const expected = rows.map((row, n) => ({
      ownable_id: n + 1,
      first_name: row['FIRST'],
      last_name: row['LAST'],
      date_of_birth: row['BIRTHDATE'],
      ssn: row['SSN']?.replaceAll('-', ''),
    }))
    const shown = async (clinic: Awaited<ReturnType<typeof aClinic>>) => {
      const ssns = await clinic.ssns(personInformations)
      return (await clinic.stored(personInformations)).map(
        ({ ownable_id, first_name, last_name, date_of_birth }, n) => ({
          ownable_id,
          first_name,
          last_name,
          date_of_birth,
          ssn: ssns[n],
        }),
      )
    }

    // That system names its patients by UUID, so each gets a number, in a column beside the others.
    const byFile = await aClinic()
    const [header = '', ...others] = PATIENTS
    const numbered = others.map((line, n) => `${n + 1},${line}`)
    const { json } = await byFile.load(
      personInformations,
      [`patient_id,${header}`, ...numbered].join('\n'),
      {
        register: true,
      },
    )
    const byBatch = await aClinic()
    const token = await store.worker.token(byBatch.id)
    await store.worker.patients(byBatch.id, ...expected.map(({ ownable_id }) => ownable_id))
    const answer = await store.worker.call('/person_informations/batch', token, {
      person_informations: expected.map((row) => ({ ...row, ownable_type: 'Patient' })),
    })

    expect(expected).toHaveLength(27)
    expect(json).toMatchObject({ inserted: 27, rejected: 0 })
    expect(answer.status).toBe(201)
    expect(await shown(byFile)).toEqual(expected)
    expect(await shown(byBatch)).toEqual(expected)
  })
})
