import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { carryOut, openMove, type Side } from '../../src/cli/commands/clinic/move/steps.ts'
import { databaseOf } from '../../src/storage/session.ts'
import { tokenKey } from '../../src/tokens/token.ts'
import { contentOf, startCells, type Cell, type CellName, type Cells } from '../support/cells.ts'
import { aPersonInformation } from '../support/fixtures.ts'
import { lendingSignals, runJson, start } from './command.ts'
import { thorough } from '../support/thorough.ts'

vi.setConfig({ testTimeout: 1_800_000 })

let cells: Cells
beforeAll(async () => void (cells = await startCells()))
afterAll(async () => cells.stop())

const aPerson = (marker: string) => aPersonInformation(1, { ssn: null, last_name: marker })

/** A cell as the steps of a move know it. */
const placeOf = ({ env }: Cell) => ({
  db: databaseOf(env, 'first-primary', 30_000),
  kv: env.TOKENS,
  leave: async () => {},
})

/** How many answers there were of each status. */
function countsOf(...counts: (Map<number, number> | undefined)[]): Record<string, number> {
  const all: Record<string, number> = {}
  for (const map of counts) for (const [one, count] of map ?? []) all[one] = (all[one] ?? 0) + count
  return all
}

/** Fills a clinic with people and what comes with them. */
async function fill(cell: Cell, id: string, people: number) {
  const numbers = `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${people})`
  await cell.query(
    `INSERT INTO person_informations (clinic_id, id, uid, version, ownable_type, ownable_id, first_name, last_name,
      date_of_birth, last_name_folded, first_name_folded, last_name_identity, first_name_identity, created_at, updated_at)
     ${numbers} SELECT ?1, n, 'uid' || n, 1, 'Patient', 1, 'Ana', 'Old ' || n, '1990-01-01', 'old', 'ana', 'old', 'ana', 't', 't' FROM n`,
    id,
  )
  await cell.query(
    `INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
     ${numbers} SELECT ?1, n, 'person_informations', n, 1, 'create', '2026-01-01T00:00:00.000Z', 't', 'r', '[]' FROM n`,
    id,
  )
}

describe('a move while the clinic is in use', () => {
  /** A system of a clinic: it goes where it is told, and waits when it is told. */
  function aSystem(token: string) {
    let name: CellName = 'eu'
    const statuses = new Map<number, number>()
    return {
      statuses,
      at: () => name,
      async ask(method: string, path: string, body?: unknown, key: string = crypto.randomUUID()) {
        for (;;) {
          const asked = name
          const answer = await cells[asked].call(path, token, body, method, {
            'Idempotency-Key': key,
          })
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
          const text = await answer.text()
          if (answer.status === 421) name = /https:\/\/us\./.test(text) ? 'us' : 'eu'
          else if (answer.status !== 503) return { status: answer.status, text }
          else expect(answer.headers.get('Retry-After')).toBe('30')
        }
      },
    }
  }

  it('loses no write, doubles none, and leaves no gap in the changes', async () => {
    const tokens = {
      moving: await cells.eu.clinic('moving'),
      staying: await cells.eu.clinic('staying'),
    }
    await fill(cells.eu, 'moving', 1000)
    let isOver = false

    /** Writes until it is over, and tells what must be there then: markers by id, null for what was deleted. */
    async function write(token: string, writer: number) {
      const system = aSystem(token)
      const expected = new Map<number, string | null>()
      for (let n = 0; !isOver || (token === tokens.moving && system.at() === 'eu'); n++) {
        const marker = `Writer ${writer} number ${n}`
        const created = await system.ask('POST', '/person_informations', aPerson(marker))
        expect(created.status).toBe(201)
        const { id } = JSON.parse(created.text)
        expected.set(id, marker)
        if (n % 3 === 1) {
          const change = { person_information: { last_name: `${marker} amended` } }
          const amended = await system.ask('PATCH', `/person_informations/${id}`, change)
          expect(amended.status).toBe(200)
          expected.set(id, `${marker} amended`)
        }
        if (n % 3 === 2) {
          expect((await system.ask('DELETE', `/person_informations/${id}`)).status).toBe(204)
          expected.set(id, null)
        }
      }
      return { expected, statuses: system.statuses }
    }

    async function read(token: string) {
      const system = aSystem(token)
      while (!isOver) {
        expect((await system.ask('GET', '/person_informations?page_size=5')).status).toBe(200)
        expect((await system.ask('GET', '/person_informations/1')).status).toBe(200)
      }
      return system.statuses
    }

    async function follow(token: string) {
      const system = aSystem(token)
      const seqs: number[] = []
      const catchUp = async () => {
        for (;;) {
          const { text } = await system.ask('GET', `/changes?after=${seqs.at(-1) ?? 0}`)
          const { changes } = JSON.parse(text)
          if (changes.length === 0) return
          seqs.push(...changes.map(({ seq }: { seq: number }) => seq))
        }
      }
      while (!isOver) await catchUp()
      return { seqs, catchUp, statuses: system.statuses }
    }

    const writing = Promise.all([1, 2, 3].map((writer) => write(tokens.moving, writer)))
    const writingBeside = write(tokens.staying, 4)
    const reading = Promise.all([read(tokens.moving), read(tokens.staying)])
    const following = Promise.all([follow(tokens.moving), follow(tokens.staying)])
    const all = Promise.all([writing, writingBeside, reading, following])
    all.catch(() => (isOver = true))
    // The command would open the same files in a workerd of its own, and SQLite's lock is no part of D1.
    const moved = await lendingSignals(async () =>
      carryOut(await openMove(placeOf(cells.eu), placeOf(cells.us), 'moving', 'us'), 0),
    ).finally(() => (isOver = true))
    const [written, beside, reads, followers] = await all

    expect(moved.json).toMatchObject({ moved: true })
    const wanted = new Map(written.flatMap(({ expected }) => [...expected]))
    const stored = await cells.us.query(
      "SELECT id, last_name FROM person_informations WHERE clinic_id = 'moving' AND id > 1000",
    )
    const live = [...wanted].filter(([, marker]) => marker !== null)
    expect(new Map(stored.map(({ id, last_name }) => [Number(id), String(last_name)]))).toEqual(
      new Map(live),
    )
    expect(wanted.size).toBe(written.reduce((sum, { expected }) => sum + expected.size, 0))
    expect(live.length).toBeGreaterThan(10)

    const kept = [
      [cells.us, 'moving'],
      [cells.eu, 'staying'],
    ] as const
    for (const [n, { seqs, catchUp }] of followers.entries()) {
      await catchUp()
      const [cell, id] = kept[n] ?? kept[0]
      const last = await cell.query('SELECT max(seq) AS seq FROM changes WHERE clinic_id = ?', id)
      expect(seqs).toEqual(seqs.map((_, place) => place + 1))
      expect(seqs.length).toBe(last[0]?.seq)
    }

    const [readsOfMoving, readsOfStaying] = reads
    const [follower, followerBeside] = followers
    const seen = {
      reads: countsOf(readsOfMoving, follower.statuses),
      writes: countsOf(...written.map(({ statuses }) => statuses)),
      beside: countsOf(readsOfStaying, beside.statuses, followerBeside.statuses),
    }
    console.info(JSON.stringify({ ...seen, ...moved.json }))
    expect(Object.keys(seen.reads).filter((one) => !['200', '421'].includes(one))).toEqual([])
    const ofWrites = ['200', '201', '204', '421', '503']
    expect(Object.keys(seen.writes).filter((one) => !ofWrites.includes(one))).toEqual([])
    expect(Object.keys(seen.writes)).toContain('421')
    const ofOthers = ['200', '201', '204']
    expect(Object.keys(seen.beside).filter((one) => !ofOthers.includes(one))).toEqual([])
  })
})

describe('a token that KV lists a moment late', () => {
  it('is taken along', async () => {
    const { eu, us } = cells
    await eu.clinic('listed')
    const token = await eu.token('listed')
    const [late, source] = [await tokenKey(token), placeOf(eu)]
    let lists = 0
    const kv = new Proxy(source.kv, {
      get(target, name) {
        if (name !== 'list') return Reflect.get(target, name).bind(target)
        return async (options: KVNamespaceListOptions) => {
          const page = await target.list(options)
          return lists++ > 0
            ? page
            : { ...page, keys: page.keys.filter((key) => key.name !== late) }
        }
      },
    })

    await lendingSignals(async () =>
      carryOut(await openMove({ ...source, kv }, placeOf(us), 'listed', 'us'), 0),
    )

    expect((await us.call('/dependents', token)).status).toBe(200)
    expect((await eu.call('/dependents', token)).status).toBe(421)
  })
})

describe('a mover that dies', () => {
  /** Places whose mover dies at the n-th call to storage: before it, or after it and before the answer. */
  function dyingAt(call: number, when: 'before' | 'after') {
    let calls = 0
    const mortal =
      <Args extends unknown[], Answer>(work: (...args: Args) => Promise<Answer>) =>
      async (...args: Args): Promise<Answer> => {
        const turn = ++calls
        if (turn > call || (turn === call && when === 'before')) throw new Error('dead')
        const answer = await work(...args)
        if (turn === call) throw new Error('dead')
        return answer
      }
    const place = (cell: Cell) => {
      const { db, kv, leave } = placeOf(cell)
      const put = mortal((key: string, value: string, options?: KVNamespacePutOptions) =>
        kv.put(key, value, options),
      )
      const mortalKv = new Proxy(kv, {
        get: (target, name) => (name === 'put' ? put : Reflect.get(target, name).bind(target)),
      })
      const batch = mortal((statements: D1PreparedStatement[]) => db.batch(statements))
      const mortalDb = Object.assign(Object.create(db), { batch })
      return { db: mortalDb, kv: mortalKv, leave }
    }
    return { source: place(cells.eu), target: place(cells.us), calls: () => calls }
  }

  const move = async (source: Side, target: Side, id: string) =>
    lendingSignals(async () => carryOut(await openMove(source, target, id, 'us'), 0))

  // An odd number, so that calls are lost on the way there and on the way back in turn.
  const STEP = thorough(1, 11)

  it('at any call to storage ends the same, once it is run again', async () => {
    const { eu, us } = cells
    const states = new Set<string>()
    let isAlive = false
    let call = 1 - STEP
    while (!isAlive) {
      call += STEP
      const id = `dying-${call}`
      const token = await eu.clinic(id)
      await fill(eu, id, 300)
      const before = await contentOf(eu, id)
      const { source, target } = dyingAt(call, call % 2 === 0 ? 'before' : 'after')
      isAlive = await move(source, target, id).then(
        () => true,
        () => false,
      )
      states.add([await eu.stateOf(id), await us.stateOf(id)].join(', '))

      await move(placeOf(eu), placeOf(us), id)

      expect(await contentOf(us, id), `call ${call}`).toEqual(before)
      expect([await eu.stateOf(id), await us.stateOf(id)]).toEqual(['moved', 'open'])
      expect((await us.call('/dependents', token)).status).toBe(200)
      expect((await eu.call('/dependents', token)).status).toBe(421)
    }
    console.info(`died at calls up to ${call - STEP}, in the states ${[...states].join(' · ')}`)
    expect(states.size).toBeGreaterThan(3)
  })
})

describe('a mover that is killed', () => {
  const POINTS = thorough(20, 1)
  const WHILE_COPYING = { timeout: 120_000, interval: 5 }

  it(`ends the same when writes have just stopped, and at ${POINTS} random points, once it is run again`, async () => {
    const { eu, us } = cells
    const states: string[] = []
    let moments = { from: 0, to: 0 }
    for (let point = -1; point <= POINTS; point++) {
      const id = `killed-${point + 1}`
      const token = await eu.clinic(id)
      await fill(eu, id, 600)
      const before = await contentOf(eu, id)
      const began = performance.now()
      const { child, printed, finished } = start(['move', id, ...cells.move])
      const ended = finished.then(() => performance.now() - began)
      const writesWait = () =>
        vi.waitUntil(() => printed.stderr.includes('wait from here on'), WHILE_COPYING)
      if (point === -1) {
        // The first is left alone, to learn when it copies and how long that takes.
        await writesWait()
        const halfway = performance.now() - began
        const end = await ended
        moments = { from: 2 * halfway - end, to: end }
      } else {
        const moment = moments.from + Math.random() * (moments.to - moments.from)
        await (point === 0 ? writesWait() : Promise.race([ended, sleep(moment)]))
        if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
        await ended
        states.push([await eu.stateOf(id), await us.stateOf(id)].join(', '))
      }

      await runJson(['move', id, ...cells.move])

      expect(await contentOf(us, id), states.at(-1)).toEqual(before)
      expect([await eu.stateOf(id), await us.stateOf(id)]).toEqual(['moved', 'open'])
      expect((await us.call('/dependents', token)).status).toBe(200)
      expect((await eu.call('/dependents', token)).status).toBe(421)
    }
    console.info(`killed while source and target were: ${states.join(' · ')}`)
    expect(states[0]).not.toBe('moved, open')
    if (POINTS > 1) expect(new Set(states).size).toBeGreaterThan(1)
  })
})
