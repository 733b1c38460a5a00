import { thorough } from '../support/thorough.ts'
import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tokenKey } from '../../src/tokens/token.ts'
import { contentOf, ORIGINS, startCells, TABLES, type Cell, type Cells } from '../support/cells.ts'
import { aCoverage, aDependent, aPersonInformation } from '../support/fixtures.ts'
import { run, runJson } from './command.ts'

let cells: Cells
beforeAll(async () => void (cells = await startCells()))
afterAll(async () => cells.stop())

const statusOf = async (cell: Cell, token: string, body?: unknown) => {
  const answer = await cell.call('/person_informations', token, body)
  await answer.body?.cancel()
  return answer.status
}

let made = 0

/** A clinic of the cell that has something in every table: records, a gap, a journal, keys, accesses and two tokens. */
async function aClinic(cell: Cell) {
  const id = `harbor-${++made}`
  const token = await cell.clinic(id)
  for (const name of ['Ana', 'Bo', 'D\'Ívôire 王 \u{1f600} "quoted"']) {
    const created = await cell.call(
      '/person_informations',
      token,
      aPersonInformation(1, { first_name: name }),
    )
    expect(created.status).toBe(201)
  }
  expect((await cell.call('/dependents', token, aDependent(1))).status).toBe(201)
  expect((await cell.call('/coverages', token, aCoverage(1))).status).toBe(201)
  await cell.call('/person_informations/1', token, { person_information: { phone: null } }, 'PATCH')
  await cell.call('/person_informations/2', token, undefined, 'DELETE')
  await cell.query(
    "INSERT INTO accesses (clinic_id, at, request_id, token_id, action, resource, ids, status) VALUES (?, '2020-01-01T00:00:00.000Z', 'old', 'old', 'list', 'dependents', '1', 200)",
    id,
  )
  return { id, token }
}

/** Makes the database change the clinic's rows whenever one is written to the table. */
async function spoilt(cell: Cell, table: string, id: string, change: string) {
  const where = `${change.includes('WHERE') ? 'AND' : 'WHERE'} clinic_id = '${id}'`
  for (const event of ['INSERT', 'UPDATE']) {
    await cell.query(
      `CREATE TRIGGER spoilt_${event} AFTER ${event} ON ${table} WHEN NEW.clinic_id = '${id}'
       BEGIN ${change} ${where}; END`,
    )
  }
}

const mended = async (cell: Cell) => {
  for (const event of ['INSERT', 'UPDATE']) await cell.query(`DROP TRIGGER spoilt_${event}`)
}

/** What was done to the clinic as a whole, as the cell's trail has it. */
const deedsOf = async (cell: Cell, id: string) => {
  const found = await cell.query(
    "SELECT action FROM accesses WHERE clinic_id = ? AND resource = 'clinics' ORDER BY at",
    id,
  )
  return found.map(({ action }) => action)
}

const changesOf = async (cell: Cell, token: string) => {
  const answer = await cell.call('/changes', token)
  expect(answer.status).toBe(200)
  return await answer.text()
}

describe('clinic move', () => {
  it('takes everything along, and says at the source where it went', async () => {
    const { eu, us } = cells
    const { id, token } = await aClinic(eu)
    const [before, changes] = [await contentOf(eu, id), await changesOf(eu, token)]
    for (const table of TABLES) expect(before[table]?.length, table).toBeGreaterThan(0)

    const moved = await runJson(['move', id, ...cells.move])

    expect(moved).toMatchObject({ clinic: id, cell: 'us', moved: true, tokens: 1 })
    expect(await contentOf(us, id)).toEqual(before)
    expect(await changesOf(us, token)).toBe(changes)
    expect([await deedsOf(eu, id), await deedsOf(us, id)]).toEqual([['move'], ['move', 'move']])
    expect([await eu.stateOf(id), await us.stateOf(id)]).toEqual(['moved', 'open'])
    const answer = await eu.call('/dependents', token)
    expect(answer.status).toBe(421)
    expect(await answer.json()).toEqual({
      errors: `This clinic's records are kept at ${ORIGINS.us}`,
    })

    const next = await us.call('/person_informations', token, aPersonInformation(1))
    expect(next.status).toBe(201)
    expect(await next.json()).toMatchObject({ id: 4 })
  })

  it('copies accesses of before, and those of while it ran', async () => {
    const { eu, us } = cells
    const { id, token } = await aClinic(eu)
    await statusOf(eu, token)
    // Somebody reads when all has been copied and compared.
    await eu.query(
      `CREATE TRIGGER late AFTER UPDATE ON clinics WHEN NEW.state = 'moved' BEGIN
         INSERT INTO accesses (clinic_id, at, request_id, token_id, action, resource, ids, status) VALUES (NEW.id, '2999-01-01T00:00:00.000Z', 'late', 'late', 'list',
           'dependents', '1', 200);
       END`,
    )

    await runJson(['move', id, ...cells.move])
    await eu.query('DROP TRIGGER late')

    const accesses = (cell: Cell) =>
      cell.query('SELECT * FROM accesses WHERE clinic_id = ? ORDER BY at, request_id', id)
    const [here, there] = [await accesses(eu), await accesses(us)]
    expect(here.at(-1)).toMatchObject({ request_id: 'late' })
    expect(here.length).toBeGreaterThan(2)
    expect(there).toEqual(expect.arrayContaining(here))
  })

  it('takes along what was written since the move began, and leaves out what was deleted', async () => {
    const { eu, us } = cells
    const { id } = await aClinic(eu)
    await eu.query(
      `CREATE TRIGGER resumed AFTER UPDATE ON clinics WHEN NEW.state = 'frozen' BEGIN
         INSERT INTO deletions (clinic_id, resource, node, n) VALUES (NEW.id, 'coverages', 16777216, 70);
         DELETE FROM coverages WHERE clinic_id = NEW.id;
       END`,
    )

    await runJson(['move', id, ...cells.move])
    await eu.query('DROP TRIGGER resumed')

    const found = await us.query(
      "SELECT n FROM deletions WHERE clinic_id = ? AND resource = 'coverages'",
      id,
    )
    expect(found).toEqual([{ n: 70 }])
    expect((await contentOf(us, id)).coverages).toEqual([])
  })

  it('is done once: run again it says so', async () => {
    const { id } = await aClinic(cells.eu)
    await runJson(['move', id, ...cells.move])
    const before = await contentOf(cells.us, id)

    const again = await runJson(['move', id, ...cells.move])

    expect(again).toEqual({ clinic: id, cell: 'us', moved: false })
    expect(await contentOf(cells.us, id)).toEqual(before)
  })

  it('comes back with what has changed in between, under the same token', async () => {
    const { eu, us } = cells
    const { id, token } = await aClinic(eu)
    await runJson(['move', id, ...cells.move])
    await us.call('/person_informations/1', token, undefined, 'DELETE')
    expect(await statusOf(us, token, aPersonInformation(1))).toBe(201)
    const before = await contentOf(us, id)

    await runJson(['move', id, ...cells.back])

    expect(await contentOf(eu, id)).toEqual(before)
    expect([await statusOf(eu, token), await statusOf(us, token)]).toEqual([200, 421])
  })

  it('lets nothing be written at the source by an edge that remembers the token', async () => {
    const { eu } = cells
    const { id, token } = await aClinic(eu)
    const key = await tokenKey(token)
    const remembered = (await eu.env.TOKENS.get(key)) ?? ''
    await runJson(['move', id, ...cells.move])
    const before = await contentOf(eu, id)
    await eu.env.TOKENS.put(key, remembered)

    const statuses = [
      await statusOf(eu, token),
      await statusOf(eu, token, aPersonInformation(1)),
      (await eu.call('/person_informations/1', token, undefined, 'DELETE')).status,
      (await eu.call('/ownables/Patient/7', token, undefined, 'PUT')).status,
    ]

    expect(statuses).toEqual([200, 503, 503, 503])
    expect(await contentOf(eu, id)).toEqual(before)
  })

  it('refuses where the plan of a coverage is another one at the target', async () => {
    const { eu, us } = cells
    const { id, token } = await aClinic(eu)
    const plan = (name: string) => `${name},${name},Harbor,PPO,yes\n`
    const header = 'external_id,plan_name,carrier,plan_type,active\n'
    for (const [cell, names] of [
      [eu, ['P1', 'P2']],
      [us, ['P2', 'P1']],
    ] as const) {
      const file = cell.file('plans.csv')
      await writeFile(file, header + names.map(plan).join(''))
      await runJson(['import', 'plans', file, ...cell.flags])
    }
    const [found] = await eu.query("SELECT id FROM plans WHERE external_id = 'P1'")
    const covered = aCoverage(1, { carrier: null, plan_id: found?.id })
    expect((await eu.call('/coverages', token, covered)).status).toBe(201)

    const dry = await run(['move', id, '--dry-run', ...cells.move])
    const refused = await run(['move', id, ...cells.move])
    const amended = { coverage: { carrier: 'Harbor', plan_id: null } }
    expect((await eu.call('/coverages/2', token, amended, 'PATCH')).status).toBe(200)
    const inHistory = await run(['move', id, ...cells.move])

    for (const { stderr } of [dry, refused, inHistory]) {
      expect(stderr).toContain(`1 is P1, there P2`)
    }
    expect([await eu.stateOf(id), await us.stateOf(id)]).toEqual(['open', undefined])
  })

  it('changes nothing in a dry run', async () => {
    const { eu, us } = cells
    const { id } = await aClinic(eu)

    const told = await runJson(['move', id, '--dry-run', ...cells.move])

    expect(told).toMatchObject({
      state: 'open',
      at_target: null,
      rows: { changes: 7, coverages: 1 },
    })
    expect([await eu.stateOf(id), await us.stateOf(id)]).toEqual(['open', undefined])
  })

  it.each(
    [
      ...TABLES.filter((table) => table !== 'deletions').map((table) => ({
        table,
        how: 'altered',
      })),
      { table: 'changes', how: 'left out' },
      { table: 'accesses', how: 'altered' },
    ].filter((_, n) => thorough(1, 0) || n % 5 === 0),
  )(
    'stops before the tokens if a row of $table was $how, and names the table',
    async ({ table, how }) => {
      const { eu, us } = cells
      const { id, token } = await aClinic(eu)
      const column = {
        ...{ ownables: 'created_at', person_informations: 'first_name', dependents: 'first_name' },
        coverages: 'carrier',
        ...{ changes: 'token_id', idempotency_keys: 'fingerprint', accesses: 'token_id' },
      }[table]
      const spoil =
        how === 'altered'
          ? `UPDATE ${table} SET ${column} = ${column} || '!'`
          : `DELETE FROM ${table} WHERE seq = 3`
      await spoilt(us, table, id, spoil)

      const stopped = await run(['move', id, ...cells.move])
      await mended(us)

      expect(stopped.status).toBe(1)
      expect(stopped.stderr).toContain(`the copy of ${table} differs`)
      expect(await eu.stateOf(id)).toBe('frozen')
      expect(await statusOf(eu, token)).toBe(200)
      expect(await statusOf(us, token)).toBe(421)

      await runJson(['move', id, ...cells.move])
      expect(await contentOf(us, id)).toEqual(await contentOf(eu, id))
      expect(await statusOf(us, token)).toBe(200)
    },
  )

  it('can be aborted until the tokens have moved, and then is as if nothing had been', async () => {
    const { eu, us } = cells
    const { id, token } = await aClinic(eu)
    const before = await contentOf(eu, id)
    await spoilt(us, 'changes', id, "UPDATE changes SET token_id = 'x'")
    expect((await run(['move', id, ...cells.move])).status).toBe(1)
    await mended(us)
    expect(await statusOf(eu, token, aPersonInformation(1))).toBe(503)

    const aborted = await runJson(['move', id, '--abort', ...cells.move])
    const again = await runJson(['move', id, '--abort', ...cells.move])

    expect([aborted, again]).toMatchObject([{ aborted: true }, { aborted: false }])
    expect(await deedsOf(eu, id)).toEqual(['move', 'abort-move'])
    expect(await contentOf(eu, id)).toEqual(before)
    expect(Object.values(await contentOf(us, id)).flat()).toEqual([])
    expect([await eu.stateOf(id), await us.stateOf(id)]).toEqual(['open', undefined])
    expect(await statusOf(eu, token, aPersonInformation(1))).toBe(201)
  })

  it('cannot be aborted once it has happened, nor can the clinic be opened at the source', async () => {
    const { eu, us } = cells
    const { id } = await aClinic(eu)
    await runJson(['move', id, ...cells.move])
    const before = await contentOf(us, id)

    const aborted = await run(['move', id, '--abort', ...cells.move])
    const opened = await run(['open', id, ...eu.flags])

    expect([aborted.status, opened.status]).toEqual([1, 1])
    expect(aborted.stderr).toContain('move it back instead')
    expect(opened.stderr).toContain('has moved')
    expect(await contentOf(us, id)).toEqual(before)
    expect(await eu.stateOf(id)).toBe('moved')
  })

  it('deletes at the source when it is told to, after the move alone, and raises no alarm there', async () => {
    const { eu, us } = cells
    const { id, token } = await aClinic(eu)
    await runJson(['audit', 'seal', ...eu.flags])
    const early = await run(['move', id, '--erase-source', ...cells.move])
    await runJson(['move', id, ...cells.move])
    const before = await contentOf(us, id)
    // Where a move has not come to its end, it may still need what is here.
    await us.query("UPDATE clinics SET state = 'arriving' WHERE id = ?", id)
    const unfinished = await run(['move', id, '--erase-source', ...cells.move])
    await us.query("UPDATE clinics SET state = 'open' WHERE id = ?", id)

    await runJson(['move', id, '--erase-source', ...cells.move])

    expect([early.status, unfinished.status]).toEqual([1, 1])
    expect(Object.values(await contentOf(eu, id)).flat()).toEqual([])
    expect(await deedsOf(eu, id)).toEqual(['erase'])
    expect(await contentOf(us, id)).toEqual(before)
    expect(await statusOf(eu, token)).toBe(421)
    const { ok, rows } = await runJson(['audit', 'verify', '--clinic', id, ...eu.flags])
    expect(ok).toBe(true)
    expect(rows).toBeGreaterThan(0)
  })

  it('touches no other clinic of that name', async () => {
    const { eu, us } = cells
    const { id } = await aClinic(eu)
    const token = await us.clinic(id)
    await us.query("UPDATE clinics SET created_at = '2020-01-01T00:00:00.000Z' WHERE id = ?", id)

    for (const more of [[], ['--abort'], ['--erase-source']]) {
      const refused = await run(['move', id, ...more, ...cells.move])
      expect(refused.status).toBe(1)
      expect(refused.stderr).toContain(`us has another clinic called ${id}`)
    }

    expect(await eu.stateOf(id)).toBe('open')
    expect(await statusOf(us, token, aPersonInformation(1))).toBe(201)
  })

  it('says what is wrong with what it was asked for', async () => {
    const { eu } = cells
    const { id } = await aClinic(eu)
    const move = async (...args: string[]) => (await run(['move', ...args])).stderr

    expect(await move('harbour-1', ...cells.move)).toContain('did you mean harbor-1?')
    expect(await move(id, ...eu.flags)).toContain('--to-persist-to')
    expect(await move(id, ...eu.flags, '--to-persist-to', eu.state)).toContain(
      'both are the cell eu',
    )
    expect(await move(id, ...cells.move, '--abort', '--dry-run')).toContain('use one')
    await runJson(['suspend', id, ...eu.flags])
    expect(await move(id, ...cells.move)).toContain('is suspended: open it first')
  })

  it('knows every table that has rows of clinics', async () => {
    const tables = await cells.eu.query(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%clinic_id%' ORDER BY rowid",
    )
    const { rows } = await runJson([
      'move',
      (await aClinic(cells.eu)).id,
      '--dry-run',
      ...cells.move,
    ])

    expect(Object.keys(Object(rows))).toEqual(
      tables.map(({ name }) => name).filter((name) => name !== 'segments'),
    )
  })
})

describe('token create', () => {
  it('takes the cell of the store, or the one that it is told', async () => {
    const { eu } = cells
    const { id } = await aClinic(eu)
    const create = ['token', 'create', '--clinic', id, '--label', 'desk', ...eu.flags]

    expect((await runJson(create)).token).toMatch(/^clinic_eu_\w{49}$/)
    expect((await runJson([...create, '--cell', 'us'])).token).toMatch(/^clinic_us_\w{49}$/)
    expect((await run([...create, '--cell', 'E U'])).status).toBe(2)
  })
})
