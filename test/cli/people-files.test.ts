import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { importRecords } from '../../src/cli/commands/import/records.ts'
import { createClinic } from '../../src/clinics/queries.ts'
import { dependents } from '../../src/resources/dependent.ts'
import { personInformations } from '../../src/resources/person-information.ts'
import type { Resource } from '../../src/records/resource.ts'
import { databaseOf } from '../../src/storage/session.ts'
import { lendingSignals, useServedStore } from './command.ts'

const served = useServedStore()

type Options = Partial<Parameters<typeof importRecords>[4]> & { ending?: string }

let clinics = 0
/** Imports a file into a clinic of its own, whose owners it registers, and gives what is stored. */
async function load(
  resource: Resource,
  text: string,
  { ending = 'csv', ...options }: Options = {},
) {
  const clinic = `people-${++clinics}`
  const db = databaseOf(served.worker.env, 'first-primary')
  await createClinic(db, clinic)
  const file = served.store.file(`${clinic}.${ending}`)
  await writeFile(file, text)
  const { publicKey } = JSON.parse(await readFile(served.store.keyFile, 'utf8'))
  const opened = { db, operator: async () => 'operator:jo', leave: async () => {} }
  const { json, lines } = await lendingSignals(() =>
    importRecords(opened, resource, file, publicKey, { clinic, register: true, ...options }),
  )
  const rejected = await readFile(`${file}.rejected.ndjson`, 'utf8').catch(() => '')
  const { results } = await served.worker.env.DB.prepare(
    `SELECT * FROM ${resource.name} WHERE clinic_id = ? ORDER BY id`,
  )
    .bind(clinic)
    .all()
  return { json, lines, rejected, stored: results }
}

const PERSON = 'patient_id,first_name,last_name,dob'
const people = (columns: string, ...rows: string[]) =>
  [`${PERSON}${columns}`, ...rows, ''].join('\n')

describe('a file of people', () => {
  it.each([
    [';', 'semicolons'],
    ['\t', 'tabs'],
    ['|', 'bars'],
  ])('with %j between its columns is refused by name', async (separator, name) => {
    const text = people('', '1,Ana,Roe,1980-02-03').replaceAll(',', separator)

    await expect(load(personInformations, text)).rejects.toThrow(`has ${name} between its columns`)
  })

  it.each([
    ['dob and birthdate', `${PERSON},birthdate`, 'date_of_birth, dob and birthdate'],
    ['phone number and phone', `${PERSON},phone number,phone`, 'phone, phone_number and phone'],
    [
      'e-mail and email address',
      `${PERSON},e-mail,email address`,
      'email, e_mail and email_address',
    ],
    [
      'ownable_id beside patient_id',
      `${PERSON},ownable_id`,
      'ownable_id, patient_id and ownable_id',
    ],
  ])('with two columns of one meaning is refused: %s', async (_, header, columns) => {
    const row = header
      .split(',')
      .map(() => '1')
      .join()

    await expect(load(personInformations, `${header}\n${row}\n`)).rejects.toThrow(
      `the file has two columns for ${columns}: leave one out`,
    )
  })

  it('in JSON has such a row rejected', async () => {
    const row = { patient_id: 1, first_name: 'Ana', last_name: 'Roe', dob: '1980-02-03' }

    const { lines } = await load(
      personInformations,
      `${JSON.stringify({ ...row, birthday: '1981-01-01' })}\n${JSON.stringify(row)}\n`,
      { ending: 'ndjson' },
    )

    expect(lines[0]).toBe(
      'line 1 rejected: row has two columns for date_of_birth, dob and birthday: leave one out',
    )
  })

  it('gets a warning if two ids differ only by leading zeros', async () => {
    const { json } = await load(
      personInformations,
      people('', '00123,Dora,Zero,1980-02-03', '7,Ida,Roe,1980-02-03', '123,Eve,NoZero,1981-02-03'),
    )

    expect(json).toMatchObject({
      inserted: 3,
      warnings: ['ids that differ from another by leading zeros alone: 1, the first on line 4'],
    })
  })

  it('has empty optional cells however a dump writes them', async () => {
    const { stored, json } = await load(
      personInformations,
      people(
        ',phone,email,ssn',
        ...['NULL', 'null', 'N/A', '\\N', '\0', 'NUL', ' n/a '].map(
          (nothing, n) => `${n + 1},Max,Dump,1980-02-03,${nothing},${nothing},${nothing}`,
        ),
      ),
    )

    expect(json).toMatchObject({ inserted: 7, rejected: 0 })
    for (const row of stored)
      expect(row).toMatchObject({ phone: null, email: null, ssn_sealed: null })
  })

  it.each([
    ['mdy', ['5/15/1990', '05/15/1990', '05-15-1990', '5.15.1990', '1990-05-15'], '15/5/1990'],
    ['dmy', ['15/5/1990', '15.05.1990', '15-05-1990', '1990-05-15'], '5/15/1990'],
    ['iso', ['1990-05-15'], '05/15/1990'],
  ] as const)('has its dates read by --dates %s', async (dates, good, bad) => {
    const rows = [...good, bad, '5/15/90'].map((date, n) => `${n + 1},Ana,Roe,${date}`)

    const { stored, lines } = await load(personInformations, people('', ...rows), { dates })

    expect(stored.map((row) => row['date_of_birth'])).toEqual(good.map(() => '1990-05-15'))
    const remedy = { mdy: 'MM/DD/YYYY or YYYY', dmy: 'DD/MM/YYYY or YYYY', iso: '--dates mdy' }
    expect(lines[0]).toMatch(/^line \d rejected: date_of_birth is invalid: it takes /)
    expect(lines[0]).toContain(remedy[dates])
    expect(lines[1]).toContain(remedy[dates])
  })

  it('is taken without invalid values of the fields that the operator names', async () => {
    const text = people(
      ',phone,email,ssn',
      '1,Ana,Roe,1980-02-03,123-45-6789,ana@example.com,',
      '2,Bea,Roe,1980-02-03,call me,bad,',
      '3,Cid,Roe,1980-02-03,5550123,cid@example.com,12',
      '4,123-45-6789,Roe,1980-02-03,5550123,,',
    )

    const strict = await load(personInformations, text)
    const { json, stored, lines, rejected } = await load(personInformations, text, {
      withoutInvalid: ['phone', 'email'],
    })

    expect(strict.json).toMatchObject({ inserted: 0, rejected: 4 })
    expect(json).toMatchObject({ inserted: 2, rejected: 2, without_invalid: 2 })
    expect(lines).toContain('2 inserted, 0 updated, 0 unchanged, 2 without_invalid, 2 rejected')
    expect(stored).toMatchObject([
      { first_name: 'Ana', phone: null, email: 'ana@example.com' },
      { first_name: 'Bea', phone: null, email: null },
    ])
    expect(strict.rejected + rejected).not.toMatch(/\d{3}-\d{2}-\d{4}|call me|Roe/)
    const required = load(personInformations, text, { withoutInvalid: ['last_name'] })
    await expect(required).rejects.toThrow('--without-invalid takes ssn,phone,email, not last_name')
  })

  it.each([
    ['phone', '123-45-6789'],
    ['phone', '123 45 6789'],
    ['email', '123.45.6789'],
    ['email', '123–45–6789'],
    ['first_name', '１２３-４５-６７８９'],
    ['last_name', 'Roe 123-45-6789'],
  ])('has no SSN as a %s: %s', async (name, ssn) => {
    const row = {
      patient_id: 1,
      first_name: 'Ana',
      last_name: 'Roe',
      dob: '1980-02-03',
      [name]: ssn,
    }

    const { lines, rejected, stored } = await load(personInformations, JSON.stringify(row), {
      ending: 'ndjson',
    })

    expect(stored).toEqual([])
    expect(lines).toContain(`line 1 rejected: ${name} looks like an SSN`)
    expect(JSON.parse(rejected)).toEqual({ line: 1, errors: { [name]: ['looks like an SSN'] } })
  })

  it('is told which rows name one person', async () => {
    const { json, lines, stored } = await load(
      personInformations,
      people(
        ',phone,ssn',
        "1,Ann,O'Rowe,1980-02-03,5551234567,",
        '1,ANN,ORowe,1980-02-03,,',
        '2,Baby Boy,Smith,1980-02-03,,',
        '2,Baby Boy,Smith,1980-02-03,,',
        '3,Kim,Roe,1980-02-03,,123-45-6789',
        '3,Kim,Roe,1980-02-03,,123-45-0000',
      ),
    )

    expect(json).toMatchObject({ inserted: 3, updated: 0, unchanged: 0, merged: 2, rejected: 1 })
    expect(json.merged_rows).toEqual([
      { line: 3, first: 2 },
      { line: 5, first: 4 },
    ])
    expect(lines).toContain('line 3 merged into line 2, which names the same one')
    expect(lines[0]).toBe('line 7 rejected: ssn is another than that of the same person on line 6')
    expect(stored).toHaveLength(3)
  })

  it('says what was written before the line that is not UTF-8', async () => {
    const good = Array.from(
      { length: 1200 },
      (_, n) => `${n + 1},Ana,Roe,1980-02-03,${'x'.repeat(300)}`,
    )
    const text = people(',notes', ...good, '1201,Ana,Roe,1980-02-03,\uFFFF')
    const file = served.store.file('wrong-encoding.csv')
    await writeFile(file, Buffer.from(text.replace('\uFFFF', '\xe9'), 'latin1'))
    const { publicKey } = JSON.parse(await readFile(served.store.keyFile, 'utf8'))
    const db = databaseOf(served.worker.env, 'first-primary')
    await createClinic(db, 'wrong-encoding')
    const opened = { db, operator: async () => 'operator:jo', leave: async () => {} }

    const refused: unknown = await lendingSignals(() =>
      importRecords(opened, personInformations, file, publicKey, {
        clinic: 'wrong-encoding',
        register: true,
      }),
    ).catch((error: unknown) => error)

    const written = await served.worker.env.DB.prepare(
      "SELECT count(*) AS n FROM person_informations WHERE clinic_id = 'wrong-encoding'",
    ).first<number>('n')
    expect(written).toBeGreaterThan(0)
    expect(String(refused)).toContain('is not UTF-8 on line 1202: ')
    expect(String(refused).replaceAll(',', '')).toContain(
      `; before it ${written} were inserted and 0 updated: correct the file and import it again`,
    )
  })
})

describe('a relationship in a file', () => {
  const HEADER = 'primary_holder_id,first_name,last_name,date_of_birth,relationship\n'

  it.each([
    ['child', ['Child', 'CHILD', 'son', 'Daughter', '19']],
    ['spouse', ['Spouse', 'wife', 'HUSBAND', '01']],
    ['parent', ['parent', 'Mother', 'father', '32', '33']],
    ['other', ['Other', '34', 'G8']],
  ])('is %s in the usual words', async (relationship, words) => {
    const rows = words.map((word, n) => `${n + 1},A,R,2010-01-01,${word}\n`)

    const { stored } = await load(dependents, HEADER + rows.join(''))

    expect(stored.map((row) => row['relationship'])).toEqual(words.map(() => relationship))
  })

  it.each(['stepchild', 'adopted child', 'domestic partner', 'ex-spouse', 'self', '18', 'ward'])(
    'is not %s',
    async (word) => {
      const { lines } = await load(dependents, `${HEADER}1,A,R,2010-01-01,${word}\n`)

      expect(lines[0]).toBe(
        'line 2 rejected: relationship must be one of spouse, child, parent, other',
      )
    },
  )
})
