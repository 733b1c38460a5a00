import { writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { tokenIdOf, tokenKey } from '../../src/tokens/token.ts'
import { aDependent } from '../support/fixtures.ts'
import { makeStore, run, runJson, start, useServedStore } from './command.ts'

const served = useServedStore()
let token: string
beforeAll(async () => {
  token = await served.worker.token('riverside')
  await served.worker.patients('riverside', 1, 2)
})

const clinic = ['--clinic', 'riverside']
async function created(): Promise<string> {
  const answer = await served.worker.call('/dependents', token, aDependent(1))
  return `/dependents/${JSON.parse(await answer.text()).id}`
}
const removed = (path: string) => served.worker.call(path, token, undefined, 'DELETE')
const get = async (path: string) => {
  const answer = await served.worker.call(path, token)
  return { status: answer.status, body: JSON.parse(await answer.text()) }
}
const records = (verb: string, path: string, ...more: string[]) =>
  start(['records', verb, path.slice(1), ...clinic, ...more, ...served.store.flags, '--as', 'jo'])
    .finished

describe('records restore', () => {
  it('brings a deleted record back under its id, named for who did it, and only once', async () => {
    const path = await created()
    await removed(path)

    const restored = await records('restore', path)
    const again = await records('restore', path)

    expect(restored).toMatchObject({ status: 0, stdout: `${path.slice(1)} is restored.\n` })
    expect(again).toMatchObject({ status: 1 })
    expect(again.stderr).toContain('cannot be restored: it is not deleted')
    expect(await get(path)).toMatchObject({ status: 200, body: { first_name: 'Ida' } })
    const { body } = await get(`${path}/history`)
    expect(body.versions[0]).toMatchObject({ action: 'restore', token_id: 'operator' })
  })
})

describe('records reassign', () => {
  it('gives a record and its SSN to another owner, who must be registered', async () => {
    const path = await created()
    const key = ['--key', served.store.keyFile]

    const nobody = await records('reassign', path, '--to', 'Patient/9', ...key)
    const moved = await records('reassign', path, '--to', 'Patient/2', ...key)

    expect(nobody.stderr).toContain(
      'cannot be given to Patient/9: primary_holder_id must exist; PUT /ownables/Patient/9 registers that owner',
    )
    expect(moved).toMatchObject({ status: 0 })
    expect((await get(path)).body).toMatchObject({ primary_holder_id: 2, ssn: '***-**-4320' })
    // The SSN opens for its new owner.
    const out = served.store.file('moved.ndjson')
    await runJson(['export', 'dependents', ...clinic, '--out', out, ...served.store.flags])
    expect(await run(['ssn', 'open', out, ...key])).toMatchObject({ status: 0 })
  })
})

describe('records reassign of a coverage', () => {
  it('names the rule that the new owner would break', async () => {
    const plan = { carrier: 'Acme', member_id: 'A1' }
    const coverage = { patient_id: 1, subscriber_id: 2, relationship: 'child', ...plan }
    const answer = await served.worker.call('/coverages', token, { coverage })
    const path = `/coverages/${JSON.parse(await answer.text()).id}`

    const refused = await records('reassign', path, '--to', 'Patient/2')

    expect(refused).toMatchObject({ status: 1 })
    expect(refused.stderr).toContain('given to Patient/2: subscriber_id is the patient; say self')
    expect((await get(path)).body).toMatchObject({ patient_id: 1 })
  })
})

describe('a repair in a suspended clinic', () => {
  it.each(['restore', 'erase', 'reassign'])('is refused by %s, with the reason', async (verb) => {
    const path = await created()
    await run(['suspend', 'riverside', ...served.store.flags])
    const to = verb === 'reassign' ? ['--to', 'Patient/2'] : []

    const refused = await records(verb, path, ...to)
    await run(['open', 'riverside', ...served.store.flags])

    expect(refused.status).toBe(1)
    expect(refused.stderr).toBe('error: riverside takes no writes now: see `list`\n')
  })
})

describe('records erase', () => {
  it('takes a deleted record out of its history for good', async () => {
    const path = await created()

    const living = await records('erase', path)
    await removed(path)
    const erased = await records('erase', path)
    const restored = await records('restore', path)

    expect(living.stderr).toContain('cannot be erased: delete it first')
    expect(erased).toMatchObject({ status: 0 })
    expect(restored).toMatchObject({ status: 1 })
    const { results } = await served.worker.env.DB.prepare(
      "SELECT before FROM changes WHERE clinic_id = 'riverside' AND resource = 'dependents' AND record_id = ?",
    )
      .bind(Number(path.split('/').at(-1)))
      .all()
    expect(results.map(({ before }) => before)).toEqual([null, null, null])
  })

  it.each([
    ['people/1', 'Use person_informations or dependents or coverages.'],
    ['dependents/0', 'Use an id, such as 1049.'],
  ])('takes no %s', async (name, message) => {
    const refused = await run(['records', 'erase', name, ...clinic, ...served.store.flags])

    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining(message) })
  })
})

describe('clinic', () => {
  it('refuses a mistyped one by the nearest name', async () => {
    const typed = ['--clinic', 'riversdie', '--label', 'x']

    const refused = await start(['token', 'create', ...typed, ...served.store.flags]).finished

    expect(refused.status).toBe(1)
    expect(refused.stderr).toBe('error: there is no clinic riversdie; did you mean riverside?\n')
  })

  it('is created once, listed, suspended with its tokens, and opened again', async () => {
    const id = 'hillside'
    const first = await runJson(['create', id, ...served.store.flags])
    const second = await runJson(['create', id, ...served.store.flags])
    const own = await served.worker.token(id)
    const statusOf = async () => (await served.worker.call('/dependents', own)).status

    const before = await statusOf()
    const suspended = await start(['suspend', id, ...served.store.flags]).finished
    const while_ = await statusOf()
    const tokenId = tokenIdOf(await tokenKey(own))
    const issuing = [
      await run(['token', 'create', '--clinic', id, '--label', 'late', ...served.store.flags]),
      await run(['token', 'rotate', tokenId, ...served.store.flags]),
    ]
    const { stdout } = await run(['list', ...served.store.flags])
    await runJson(['open', id, ...served.store.flags])

    expect([first.created, second.created]).toEqual([true, false])
    expect(suspended.status).toBe(0)
    expect([before, while_, await statusOf()]).toEqual([200, 403, 200])
    expect(stdout).toMatch(/hillside +suspended/)
    for (const { status, stderr } of issuing) {
      expect(status).toBe(1)
      expect(stderr).toContain(`${id} is suspended: \`open ${id}\` first`)
    }
  })

  it('may have as many records as its limit says, or any number', async () => {
    const limit = (records: string) =>
      runJson(['limit', 'lakeside', '--records', records, ...served.store.flags])

    expect(await limit('5')).toEqual({ id: 'lakeside', record_limit: 5 })
    expect(await limit('none')).toEqual({ id: 'lakeside', record_limit: null })

    const { DB } = served.worker.env
    const found = DB.prepare("SELECT record_limit FROM clinics WHERE id = 'lakeside'")
    expect(await found.first('record_limit')).toBe(null)
  })

  it('that is being moved is neither suspended nor opened', async () => {
    const id = 'halfway'
    await runJson(['create', id, ...served.store.flags])
    const { DB } = served.worker.env
    await DB.prepare("UPDATE clinics SET state = 'frozen' WHERE id = ?").bind(id).run()

    for (const verb of ['suspend', 'open']) {
      const { status, stderr } = await run([verb, id, ...served.store.flags])
      expect([status, stderr]).toEqual([1, expect.stringContaining('is being moved')])
    }
    const state = await DB.prepare('SELECT state FROM clinics WHERE id = ?').bind(id).first('state')
    expect(state).toBe('frozen')
  })
})

describe('what the operator does', () => {
  it('stands in the trail, by name, with what it was done to', async () => {
    const own = await makeStore()
    const as = (...args: string[]) => runJson([...args, ...own.flags, '--as', 'jo'])
    await writeFile(own.file('patients.csv'), 'type,id\nPatient,1\n')
    const id = String((await as('token', 'create', ...clinic, '--label', 'desk')).id)
    const next = String((await as('token', 'rotate', id)).id)
    await as('token', 'revoke', id)
    await as('token', 'revoke', '--all', ...clinic)
    await as('token', 'list')
    await as('limit', 'riverside', '--records', '5')
    await as('suspend', 'riverside')
    await as('open', 'riverside')
    await as('import', 'ownables', own.file('patients.csv'), ...clinic)
    await as('backup', own.file('backup'))
    await as('marks', '--out', own.file('marks.ndjson'))
    await as('resume', own.file('marks.ndjson'))

    const told = async (...args: string[]) => {
      const { stdout } = await run(['audit', ...args, ...own.flags, '--as', 'jo'])
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .filter(({ token_id }) => token_id === 'operator:jo')
        .map(({ action, resource, ids }) => [action, resource, ids].join(' ').trim())
    }
    const ofClinic = [
      ...[`create tokens ${id}`, `rotate tokens ${id}`, `revoke tokens ${id}`],
      ...[`revoke tokens ${next}`, 'limit clinics', 'suspended clinics', 'open clinics'],
      ...['import ownables', 'resume clinics'],
    ]
    expect(await told(...clinic)).toEqual(ofClinic)
    expect(await told(...clinic)).toEqual([...ofClinic, 'audit trail'])
    expect(await told()).toEqual(['list tokens', 'backup store', 'resume clinics'])
    await own.remove()
  })
})

describe('token revoke --all', () => {
  it("keeps out every token of one clinic and no other's", async () => {
    const [one, two] = [
      await served.worker.token('lakeside'),
      await served.worker.token('lakeside'),
    ]

    const revoked = await runJson(
      ['token', 'revoke', '--all', '--clinic', 'lakeside'].concat(served.store.flags),
    )
    const unnamed = await run(['token', 'revoke', '--all', ...served.store.flags])

    expect(revoked.revoked).toHaveLength(2)
    expect((await served.worker.call('/plans', one)).status).toBe(401)
    expect((await served.worker.call('/plans', two)).status).toBe(401)
    expect((await served.worker.call('/plans', token)).status).toBe(200)
    expect(unnamed.status).toBe(2)
  })
})
