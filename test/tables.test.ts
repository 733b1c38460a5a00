import type { SQL } from 'drizzle-orm/sql/sql'
import { beforeAll, describe, expect, it } from 'vitest'
import { statements } from '../src/storage/statement.ts'
import * as shared from '../src/storage/tables.ts'
import { resources } from '../src/resources/index.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()

const query = async (statement: string, ...values: unknown[]) =>
  (
    await worker.env.DB.prepare(statement)
      .bind(...values)
      .all()
  ).results

const nameOf = (table: SQL) => statements('tables', {}).statement(table).text().sql
const names = [...Object.values(shared).map(nameOf), ...resources.map(({ name }) => name)].sort()

describe('the tables that the code declares', () => {
  it.each(resources)('have the columns of the resource $name', async (resource) => {
    const migrated = await query(
      'SELECT name FROM pragma_table_info(?) ORDER BY name',
      resource.name,
    )

    const columns = ['clinic_id', ...resource.columns].sort()
    expect(columns).toEqual(migrated.map(({ name }) => name))
  })

  it('state the rules of each resource as its CHECKs', async () => {
    for (const { name, rules } of resources) {
      const [made] = await query('SELECT sql FROM sqlite_master WHERE name = ?', name)
      for (const [rule, { check }] of Object.entries(rules)) {
        expect(String(made?.['sql'])).toContain(`CONSTRAINT ${rule} CHECK (${check})`)
      }
    }
  })

  it('are all that the migrations make, and each is STRICT', async () => {
    const made = await query(
      `SELECT name, strict FROM pragma_table_list
       WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name <> 'd1_migrations' ORDER BY name`,
    )

    expect(made).toEqual(names.map((name) => ({ name, strict: 1 })))
  })

  it('are changed by no trigger and forget nothing by cascade', async () => {
    const found = await query(
      `SELECT name FROM sqlite_master WHERE type = 'trigger' OR sql LIKE '%CASCADE%'`,
    )

    expect(found).toEqual([])
  })
})

const NOW = '2026-11-01T00:00:00.000Z'
const text = (length: number) => 'x'.repeat(length)
const owner = { clinic_id: text(64), type: 'Patient', id: 7, created_at: NOW }
const dateless = ['1990-5-15', '15/05/1990', '1899-12-31', 'yesterday']

/** What all resources of record have, and what none of them may have. */
const person = {
  ...{ clinic_id: owner.clinic_id, id: 1, uid: 'u', version: 1 },
  ...{ first_name: text(255), last_name: text(255), date_of_birth: '1900-01-01' },
  ...{ last_name_folded: 'x', first_name_folded: 'x', last_name_identity: 'x' },
  ...{ first_name_identity: 'x', last_name_words: '["x"]' },
  ...{ ssn_key_id: 'k', ssn_sealed: 's', ssn_last_four: '0000', created_at: NOW, updated_at: NOW },
}
const nobody = [
  ...[{ id: 0 }, { id: 2 ** 24 + 1 }, { version: 0 }],
  ...[{ first_name: '' }, { first_name: text(256) }, { last_name: '' }, { last_name: text(256) }],
  ...dateless.map((date_of_birth) => ({ date_of_birth })),
  ...['123', '12345', '12a4', '987654321'].map((ssn_last_four) => ({ ssn_last_four })),
  ...[{ ssn_key_id: null }, { ssn_sealed: null }, { ssn_last_four: null }],
]

const plan = {
  ...{ id: 7, external_id: 'p', plan_name: 'p', carrier: 'p', plan_type: 'p', active: 0 },
  ...{ coverage_details: '{}', words: '[]', created_at: NOW, updated_at: NOW },
  ...{ plan_name_folded: 'x', carrier_folded: 'x', plan_type_folded: 'x' },
}
const nameless = { subscriber_first_name: null, subscriber_last_name: null }

type Row = Record<string, string | number | null>
/** Of each table with a CHECK: a row that just fits, and what makes it one that does not. */
const ROWS: Record<string, { fitting: Row; wrong: Row[] }> = {
  clinics: {
    fitting: { id: text(64), state: 'open', record_limit: 0, created_at: NOW },
    wrong: [{ id: '' }, { id: text(65) }, { record_limit: -1 }],
  },
  ownables: {
    fitting: { ...owner, id: 1, type: text(64) },
    wrong: [
      ...[{ clinic_id: '' }, { clinic_id: text(65) }, { type: '' }, { type: text(65) }, { id: 0 }],
    ],
  },
  person_informations: {
    fitting: {
      ...{ ...person, ownable_type: owner.type, ownable_id: owner.id },
      ...{ phone: text(255), email: text(254) },
    },
    wrong: [
      ...nobody,
      ...[{ phone: '' }, { phone: text(256) }, { email: '' }, { email: text(255) }],
    ],
  },
  dependents: {
    fitting: {
      ...{ ...person, primary_holder_id: owner.id },
      relationship: 'child',
    },
    wrong: nobody,
  },
  coverages: {
    fitting: {
      ...{ clinic_id: owner.clinic_id, id: 2 ** 24, uid: 'u', version: 1, patient_id: owner.id },
      ...{ carrier: text(255), member_id: text(80), group_number: text(50), relationship: 'child' },
      ...{ subscriber_first_name: text(255), subscriber_last_name: text(255) },
      ...{ subscriber_date_of_birth: '1900-01-01', priority: 9 },
      ...{ starts_on: '1900-01-01', ends_on: '1900-01-01' },
      ...{ carrier_identity: 'x', member_id_identity: 'x', created_at: NOW, updated_at: NOW },
    },
    wrong: [
      ...[{ id: 0 }, { id: 2 ** 24 + 1 }, { version: 0 }, { priority: 0 }, { priority: 10 }],
      ...Object.entries({
        ...{ carrier: 255, member_id: 80, group_number: 50 },
        ...{ subscriber_first_name: 255, subscriber_last_name: 255 },
      }).flatMap(([name, most]) => [{ [name]: '' }, { [name]: text(most + 1) }]),
      ...['subscriber_date_of_birth', 'starts_on', 'ends_on'].flatMap((name) =>
        dateless.map((date) => ({ [name]: date })),
      ),
      { carrier: null },
      { plan_id: plan.id },
      { relationship: 'self' },
      { ...nameless, subscriber_date_of_birth: null },
      { ...nameless, subscriber_date_of_birth: null, subscriber_id: owner.id },
      { subscriber_id: owner.id + 1 },
      { subscriber_first_name: null },
      { subscriber_last_name: null },
      { ...nameless, subscriber_id: owner.id + 1 },
      { starts_on: '2026-01-02', ends_on: '2026-01-01' },
    ],
  },
  deletions: {
    fitting: { clinic_id: 'c', resource: 'dependents', node: 2 ** 24, n: 0 },
    wrong: [{ node: 0 }, { node: 2 ** 24 + 1 }, { n: -1 }],
  },
  changes: {
    fitting: {
      ...{ clinic_id: 'c', seq: 1, resource: 'dependents', record_id: 1, version: 1 },
      ...{ action: 'amend', at: NOW, token_id: 't', request_id: 'r', changed: '[]', before: '{}' },
    },
    wrong: [
      { seq: 0, version: 1 },
      { version: 0 },
      { version: -2 },
      { changed: '{}' },
      { before: '[]' },
    ],
  },
  accesses: {
    fitting: {
      ...{ clinic_id: 'c', at: NOW, request_id: 'r', token_id: 't', action: 'list' },
      ...{ resource: 'dependents', ids: '', status: 200 },
    },
    wrong: [{ at: '2026-11-01T00:00:00Z' }],
  },
  segments: {
    fitting: {
      ...{ clinic_id: 'c', stream: 'changes', n: 1, state: 'sealed', row_count: 1 },
      ...{ last: '1', last_at: NOW, sha256: 'h', sealed_at: NOW },
    },
    wrong: [{ n: 0 }, { row_count: 0 }],
  },
  idempotency_keys: {
    fitting: {
      ...{ clinic_id: 'c', key: text(255), at: NOW, fingerprint: 'f', request_id: 'r' },
      ...{ status: 201, record_id: 1, version: 1, records: 1 },
    },
    wrong: [{ key: '' }, { key: text(256) }],
  },
  plans: {
    fitting: {
      ...{ external_id: text(255), plan_name: text(255), carrier: text(255), plan_type: text(255) },
      ...{ coverage_details: '{}', active: 1, words: '[]', created_at: NOW, updated_at: NOW },
      ...{ plan_name_folded: 'x', carrier_folded: 'x', plan_type_folded: 'x' },
    },
    wrong: [
      ...['external_id', 'plan_name', 'carrier', 'plan_type'].flatMap((name) => [
        ...[{ [name]: '' }, { [name]: text(256) }],
      ]),
      ...[{ coverage_details: '[]' }, { active: 2 }, { words: '{}' }],
    ],
  },
  catalogue: { fitting: { id: 1, version: 'v' }, wrong: [{ id: 2 }] },
}

/** What a table's CHECKs are called in an error: by their names, or by their conditions up to the closing bracket. */
const checksIn = (statement: string) =>
  [...statement.matchAll(/(?:CONSTRAINT (\w+) )?CHECK \(/g)].map(({ 0: found, 1: name, index }) => {
    if (name !== undefined) return name
    const rest = statement.slice(index + found.length)
    let open = 1
    const end = Array.from(rest).findIndex((character) => {
      if (character === '(') open++
      if (character === ')') open--
      return open === 0
    })
    return rest.slice(0, end).trim()
  })

async function insert(table: string, row: Row) {
  const names = Object.keys(row)
  await query(
    `INSERT INTO ${table} (${names.join()}) VALUES (${names.map(() => '?').join()})`,
    ...Object.values(row),
  )
}

/** The condition of the CHECK that refuses the row, if one does. */
async function checkThatRefuses(table: string, row: Row): Promise<string | undefined> {
  try {
    await insert(table, row)
    return undefined
  } catch (error) {
    return /CHECK constraint failed: ([^]*?): SQLITE_CONSTRAINT/.exec(String(error))?.[1]
  }
}

beforeAll(async () => {
  await insert('ownables', owner)
  await insert('plans', plan)
})

describe('the CHECKs', () => {
  it.each(names)(
    'of %s refuse each what they are for, and nothing that just fits',
    async (table) => {
      const [made] = await query('SELECT sql FROM sqlite_master WHERE name = ?', table)
      const { fitting = {}, wrong = [] } = ROWS[table] ?? {}

      const failed = new Set<string | undefined>()
      for (const change of wrong) {
        const check = await checkThatRefuses(table, { ...fitting, ...change })
        expect(check, JSON.stringify(change)).toBeDefined()
        failed.add(check)
      }

      expect([...failed].sort()).toEqual(checksIn(String(made?.['sql'])).sort())
      if (table in ROWS) await insert(table, fitting)
    },
  )
})

describe('the foreign keys', () => {
  const { fitting = {} } = ROWS['coverages'] ?? {}
  const another = { ...owner, id: owner.id + 1 }
  const subscriber = { ...nameless, subscriber_date_of_birth: null, subscriber_id: another.id }
  const withPlan = { carrier: null, plan_id: plan.id + 9 }

  it.each([
    ['patient', { patient_id: owner.id + 3 }, { ...owner, id: owner.id + 3 }],
    ['subscriber', subscriber, another],
    ['plan', withPlan, { ...plan, id: plan.id + 9, external_id: 'q' }],
  ])('of coverages let in no %s that is not there', async (what, change, missing) => {
    const row = { ...fitting, ...change, id: 1 + Object.keys(change).length }

    await expect(insert('coverages', row)).rejects.toThrow('FOREIGN KEY constraint failed')
    await insert(what === 'plan' ? 'plans' : 'ownables', missing)
    await insert('coverages', row)
  })
})
