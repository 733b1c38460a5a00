import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, readFileSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClinic } from '../../src/clinics/queries.ts'
import { databaseOf } from '../../src/storage/session.ts'
import { makeStore, serve, start, type TestStore } from './command.ts'
import { thorough } from '../support/thorough.ts'

const PEOPLE = thorough(100_000, 20_000)
const DEPENDENTS = PEOPLE / 4
const KILOBYTES = 300 * 1000

type Row = Record<string, string | number | null>

/** The nth person, from 1. Every second one has an SSN; names and days of birth are shared by many. */
const person = (n: number): Row => ({
  ownable_id: 500_000 + n,
  first_name: ['Ana', 'José', 'Mei-Ling', "D'Arcy"][n % 4] ?? '',
  last_name: `Nº ${n % 1009}`,
  date_of_birth: `19${50 + (n % 50)}-0${1 + (n % 9)}-1${n % 10}`,
  ssn: n % 2 ? String(100_000_000 + n) : null,
  phone: n % 3 ? `+1-202-555-${String(n % 10_000).padStart(4, '0')}` : null,
  email: n % 5 ? `p${n}@example.com` : null,
})

const dependent = (n: number): Row => ({
  primary_holder_id: 500_000 + 4 * n,
  first_name: 'Ida',
  last_name: `Nº ${n % 1009}`,
  date_of_birth: `2010-0${1 + (n % 9)}-1${n % 10}`,
  relationship: 'child',
  ssn: n % 4 ? null : String(300_000_000 + n),
})

let store: TestStore
beforeAll(async () => {
  store = await makeStore()
  const worker = await serve(store)
  await createClinic(databaseOf(worker.env, 'first-primary'), 'moving')
  await worker.close()
  await write('people.csv', PEOPLE, person, (row, n) =>
    n === 0
      ? Object.keys(row).join().replace('ownable_id', 'Patient ID')
      : Object.values(row).join(),
  )
  await write('dependents.ndjson', DEPENDENTS, dependent, (row) => JSON.stringify(row))
})
afterAll(() => store.remove())

/** A line for each row, and one before them if `lineOf` makes one of the row 0. */
async function write(
  name: string,
  rows: number,
  rowOf: (n: number) => Row,
  lineOf: (row: Row, n: number) => string,
) {
  const file = createWriteStream(store.file(name))
  for (let n = name.endsWith('.csv') ? 0 : 1; n <= rows; n++) {
    if (!file.write(`${lineOf(rowOf(n), n)}\n`)) await once(file, 'drain')
  }
  await finished(file.end())
}

/** Starts an import, whose process is watched for the most memory that it ever had, by Linux's own count. */
function importInto(kind: string, file: string, ...more: string[]) {
  const flags = ['--clinic', 'moving', '--json', ...store.flags]
  const started = start(['import', kind, store.file(file), ...flags, ...more])
  const { pid, exitCode } = started.child
  let kilobytes = 0
  const watch = setInterval(() => {
    if (started.child.exitCode !== exitCode) return
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    kilobytes = Math.max(kilobytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
  }, 100)
  const startedAt = performance.now()
  const done = started.finished.then((finished) => {
    clearInterval(watch)
    return { ...finished, kilobytes, seconds: (performance.now() - startedAt) / 1000 }
  })
  return { ...started, done }
}

const KINDS = {
  person_informations: {
    columns: 'id, ownable_id, first_name, last_name, date_of_birth, phone, email, ssn_last_four',
    rowOf: person,
  },
  dependents: {
    columns:
      'id, primary_holder_id, first_name, last_name, date_of_birth, relationship, ssn_last_four',
    rowOf: dependent,
  },
}

/** The digest of what is stored of a kind, in the order of ids, and that of what the file says. */
async function digests(kind: keyof typeof KINDS, count: number) {
  const { columns, rowOf } = KINDS[kind]
  const [stored, said] = [createHash('sha256'), createHash('sha256')]
  const worker = await serve(store)
  let rows = 0
  for (let after = 0; ;) {
    const { results } = await worker.env.DB.prepare(
      `SELECT ${columns} FROM ${kind} WHERE clinic_id = 'moving' AND id > ? ORDER BY id LIMIT 5000`,
    )
      .bind(after)
      .all<Row>()
    if (results.length === 0) break
    rows += results.length
    stored.update(JSON.stringify(results))
    after = Number(results.at(-1)?.id)
    // What an uninterrupted run gives: the nth row is the record n.
    const expected = results.map((_, n) => {
      const id = after - results.length + 1 + n
      const { ssn, ...row } = rowOf(id)
      return { id, ...row, ssn_last_four: ssn === null ? null : String(ssn).slice(-4) }
    })
    const inOrder = expected.map((row) => {
      const known: Row = row
      return Object.fromEntries(columns.split(', ').map((name) => [name, known[name] ?? null]))
    })
    said.update(JSON.stringify(inOrder))
  }
  const journal = await worker.env.DB.prepare(
    `SELECT count(*) AS changes, max(version) AS version FROM changes
      WHERE clinic_id = 'moving' AND resource = ?`,
  )
    .bind(kind)
    .first<{ changes: number; version: number }>()
  await worker.close()
  expect(rows).toBeLessThanOrEqual(count)
  expect(journal).toEqual({ changes: rows, version: 1 })
  return { rows, stored: stored.digest('hex'), said: said.digest('hex') }
}

describe(`an import of ${PEOPLE} people`, () => {
  it('takes under 300 MB, and killed in the middle and run again it ends as if it had not been', async () => {
    const killed = importInto('person_informations', 'people.csv', '--register')
    await expect
      .poll(() => killed.printed.stderr, { timeout: thorough(1_200_000, 60_000), interval: 20 })
      .toContain(`${(PEOPLE / 2).toLocaleString('en')} rows`)
    if (killed.child.pid !== undefined) process.kill(-killed.child.pid, 'SIGKILL')
    const first = await killed.done
    const halfway = await digests('person_informations', PEOPLE - 1)
    expect(halfway.rows).toBeGreaterThanOrEqual(PEOPLE / 2 - 1000)
    expect(halfway.stored).toBe(halfway.said)

    const rerun = await importInto('person_informations', 'people.csv', '--register').done
    const counts = JSON.parse(rerun.stdout)

    expect(counts.unchanged).toBeGreaterThanOrEqual(halfway.rows)
    expect(counts).toMatchObject({
      inserted: PEOPLE - counts.unchanged,
      updated: 0,
      rejected: 0,
      ignored_columns: [],
    })
    const end = await digests('person_informations', PEOPLE)
    expect(end).toEqual({ rows: PEOPLE, stored: end.said, said: end.said })

    const theirs = await importInto('dependents', 'dependents.ndjson').done
    expect(JSON.parse(theirs.stdout)).toMatchObject({ inserted: DEPENDENTS, rejected: 0 })
    const all = await digests('dependents', DEPENDENTS)
    expect(all).toEqual({ rows: DEPENDENTS, stored: all.said, said: all.said })

    for (const { kilobytes } of [first, rerun, theirs]) {
      expect(kilobytes).toBeGreaterThan(0)
      expect(kilobytes).toBeLessThan(KILOBYTES)
    }
    console.log(
      `people: ${counts.inserted} created and ${counts.unchanged} found in ${rerun.seconds.toFixed()} s, ` +
        `${(rerun.kilobytes / 1000).toFixed()} MB; dependents: ${DEPENDENTS} created in ` +
        `${theirs.seconds.toFixed()} s, ${(theirs.kilobytes / 1000).toFixed()} MB`,
    )
  }, 3_000_000)
})
