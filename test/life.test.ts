import { describe, expect, it } from 'vitest'
import { setClinicState } from '../src/clinics/queries.ts'
import { databaseOf } from '../src/storage/session.ts'
import { repairer } from '../src/operator/records/repair.ts'
import { resumeAfter } from '../src/operator/marks.ts'
import { openSsn } from '../src/operator/ssn.ts'
import { deletionsCostTheSame, pagesEqualModel } from './support/deletions.ts'
import { expectRefusal } from './support/expect.ts'
import { aDependent, CANARY } from './support/fixtures.ts'
import { PEOPLE, RESOURCES } from './support/resources.ts'
import { lifeEqualsModel } from './support/model.ts'
import { useWorker, type Answer, type Clinic } from './support/worker.ts'

// A record is read, amended, deleted, followed and found: what all resources promise of its life.

const worker = useWorker({ instrumented: true })

const NEVER = 987654321
const etagOf = ({ headers }: Answer) => headers.get('ETag') ?? ''
const jsonOf = async (answer: Answer) => JSON.parse(await answer.text())

lifeEqualsModel(worker, { runs: 1, steps: 8 })

describe('pages', () => pagesEqualModel(worker, 90))

describe('deletions', () => deletionsCostTheSame(worker, 25))

describe.each(RESOURCES)('$name', (resource) => {
  const { name, one, notFound, aRecord, textField, change, mistake, complaint, hasSsn, owner } =
    resource

  /** A clinic with a record, and the calls that change it. */
  async function aRecordOf(fields = {}) {
    const clinic = await worker.clinic()
    const holder = await clinic.ownable()
    const created = await clinic.post(`/${name}`, aRecord(holder, fields))
    expect(created.status).toBe(201)
    const made = await jsonOf(created)
    const path = `/${name}/${made.id}`
    const call = (method: string, body?: unknown, headers = {}) =>
      worker.call(method, path, {
        ...{ token: clinic.token, headers },
        ...(body !== undefined && { body }),
      })
    return {
      ...{ clinic, holder, path, created, made },
      get: (headers = {}) => call('GET', undefined, headers),
      amend: (given: object, headers = {}, method = 'PATCH') =>
        call(method, { [one]: given }, headers),
      remove: (headers = {}) => call('DELETE', undefined, headers),
      history: async (query = '') => jsonOf(await clinic.get(`${path}/history${query}`)),
      stored: () =>
        worker.env.DB.prepare(`SELECT * FROM ${name} WHERE clinic_id = ?`)
          .bind(clinic.clinicId)
          .first(),
    }
  }

  describe('a read', () => {
    it('has an ETag, with which an unchanged copy is 304', async () => {
      const { created, get, amend } = await aRecordOf()
      const etag = etagOf(created)

      const read = await get()
      expect(etagOf(read)).toBe(etag)
      expect(etag).toMatch(/^"[^"]+"$/)
      expect(read.headers.get('Vary')).toContain('X-User-Token')
      for (const named of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const answer = await get({ 'If-None-Match': named })
        expect([answer.status, await answer.text()]).toEqual([304, ''])
      }
      const unchanged = await get({ 'If-None-Match': etag, 'x-test-settled': 'yes' })
      expect(await worker.eventOf(unchanged)).toMatchObject({ ids: '1', status: 304 })
      // Only a read is saved by it.
      expect((await amend(change, { 'If-None-Match': '*' })).status).toBe(200)
      expect((await get({ 'If-None-Match': etag })).status).toBe(200)
    })

    it("has another ETag than another clinic's record of the same id and version", async () => {
      const [ours, theirs] = [await aRecordOf(), await aRecordOf()]

      expect(ours.path).toBe(theirs.path)
      expect(etagOf(ours.created)).not.toBe(etagOf(theirs.created))
      const stale = await ours.amend(change, { 'If-Match': etagOf(theirs.created) })
      expect(stale.status).toBe(412)
    })
  })

  describe('an amendment', () => {
    it.each(['PUT', 'PATCH'])('by %s changes what it gives and leaves the rest', async (method) => {
      const { created, made, get, amend } = await aRecordOf()

      const amended = await amend(change, {}, method)

      const after = await jsonOf(amended)
      expect(amended.status).toBe(200)
      expect(after).toEqual({ ...made, ...change, updated_at: after.updated_at })
      expect(etagOf(amended)).not.toBe(etagOf(created))
      const read = await get()
      expect([await jsonOf(read), etagOf(read)]).toEqual([after, etagOf(amended)])
    })

    it('takes back all that was read, mask and read-only keys included, as no change', async () => {
      const { created, amend, history, get } = await aRecordOf()
      const read = await jsonOf(await get())

      const settled = { 'x-test-settled': 'yes' }
      for (const [given, headers] of [
        [read, settled],
        [{ ...read, created_at: 'never' }, settled],
        [{}, { ...settled, 'x-test-d1': 'after' }],
      ] as const) {
        const same = await amend(given, headers)
        expect([same.status, etagOf(same)]).toEqual([200, etagOf(created)])
        expect(await worker.eventOf(same)).toMatchObject({ action: 'amend', ids: '1', status: 200 })
        expect(await jsonOf(same)).toEqual(read)
      }
      expect((await history()).pagination.total_count).toBe(1)
    })

    it('keeps the owner and the id, which can be sent unchanged', async () => {
      const { holder, amend, clinic } = await aRecordOf()
      const other = await clinic.ownable()
      const fixed = "can't be changed"

      expect((await amend({ [owner.id]: holder, id: 1, ...change })).status).toBe(200)
      await expectRefusal(await amend({ [owner.id]: other }), 422, { [owner.id]: [fixed] })
      await expectRefusal(await amend({ id: 2, [owner.id]: other }), 422, {
        ...{ id: [fixed], [owner.id]: [fixed] },
      })
    })

    it('is refused with everything that is wrong, and changes nothing', async () => {
      const { amend, get, created } = await aRecordOf()

      const camelCase = textField.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
      const refused = await amend({ ...mistake, [textField]: null, [camelCase]: 'x', clinic_id: 1 })

      await expectRefusal(refused, 422, {
        ...complaint,
        [camelCase]: [`is not a known field; did you mean ${textField}?`],
        clinic_id: ['is not a known field'],
      })
      expect(etagOf(await get())).toBe(etagOf(created))
    })

    it.each([
      ['its own ETag', (etag: string) => etag, 200],
      ['a weak one', (etag: string) => `W/${etag}`, 200],
      ['a list that has it', (etag: string) => `"other.1", ${etag}`, 200],
      ['anything', () => '*', 200],
      ['another', () => '"other.1"', 412],
      ['an older one', (etag: string) => etag.replace(/1"$/, '0"'), 412],
    ])('goes by If-Match: %s', async (_, ifMatch, status) => {
      const { amend, created, remove } = await aRecordOf()

      const answer = await amend(change, { 'If-Match': ifMatch(etagOf(created)) })
      const removal = await remove({ 'If-Match': '"other.1"' })

      expect(answer.status).toBe(status)
      const stale = 'This record has been changed since you read it'
      if (status === 412) await expectRefusal(answer, 412, stale)
      await expectRefusal(removal, 412, stale)
      // That the record is there, and has changed, is told.
      expect(await worker.eventOf(removal)).toMatchObject({
        action: 'delete',
        ids: '1',
        status: 412,
      })
    })

    it('of eight at once under one ETag, one wins, 10 times in a row', async () => {
      const { amend, get, history } = await aRecordOf()

      for (let round = 0; round < 10; round++) {
        const headers = { 'If-Match': etagOf(await get()) }
        const racers = Array.from({ length: 8 }, (_, n) => `Name ${round} ${n}`)
        const answers = await Promise.all(
          racers.map((name) => amend({ [textField]: name }, headers)),
        )

        const statuses = answers.map(({ status }) => status)
        expect(statuses.toSorted()).toEqual([200, ...Array(7).fill(412)])
        expect(await jsonOf(await get())).toMatchObject({
          [textField]: racers[statuses.indexOf(200)],
        })
      }
      expect((await history()).pagination.total_count).toBe(1 + 10)
    })

    it('is refused in the documented order', async () => {
      const { clinic, amend, path, created } = await aRecordOf()
      const key = { 'Idempotency-Key': 'amend' }
      await clinic.post(`/${name}`, aRecord(1), {})
      await amend(change, key)
      const ask = (at: string, given: object, headers = {}) =>
        worker.call('PATCH', at, { token: clinic.token, body: { [one]: given }, headers })
      const stale = { 'If-Match': '"other.1"' }
      const absent = `/${name}/${NEVER}`

      // Fields before a key that was used, that before an absent record, that before a stale ETag, that before the owner.
      expect((await ask(absent, mistake, key)).status).toBe(422)
      await expectRefusal(await ask(absent, change, { ...key, ...stale }), 422, {
        'Idempotency-Key': ['has already been used for another request'],
      })
      await expectRefusal(await ask(absent, change, stale), 404, notFound)
      expect((await ask(path, { [owner.id]: NEVER }, stale)).status).toBe(412)
      expect((await ask(path, { [owner.id]: NEVER })).status).toBe(422)
      expect(etagOf(created)).not.toBe('')
    })
  })

  describe('an Idempotency-Key', () => {
    it('of an amendment answers what it made, whatever became of the record since', async () => {
      const { amend, remove } = await aRecordOf()
      const key = { 'Idempotency-Key': 'once' }

      const first = await amend(change, key)
      await amend({ [textField]: 'Later' })
      const amendedSince = await amend(change, key)
      await remove()
      const deletedSince = await amend(change, key)

      const said = await first.text()
      for (const again of [amendedSince, deletedSince]) {
        expect(again.headers.get('Idempotent-Replayed')).toBe('true')
        expect([again.status, await again.text(), etagOf(again)]).toEqual([
          200,
          said,
          etagOf(first),
        ])
      }
    })

    it('keeps an amendment that changed nothing from overwriting another when it is late', async () => {
      const { amend, get, made } = await aRecordOf()
      const same = { [textField]: made[textField] }
      const key = { 'Idempotency-Key': 'unchanged' }
      await amend(same, key)
      await amend({ [textField]: 'Somebody else' })

      const late = await amend(same, key)

      expect(late.headers.get('Idempotent-Replayed')).toBe('true')
      expect((await jsonOf(await get()))[textField]).toBe('Somebody else')
    })

    it('covers If-Match, and the record that is meant', async () => {
      const { amend, clinic, holder, created } = await aRecordOf()
      const second = await jsonOf(await clinic.post(`/${name}`, aRecord(holder)))
      const key = { 'Idempotency-Key': 'covers' }
      await amend(change, key)

      const conflict = { 'Idempotency-Key': ['has already been used for another request'] }
      await expectRefusal(
        await amend(change, { ...key, 'If-Match': etagOf(created) }),
        422,
        conflict,
      )
      const elsewhere = await worker.call('PATCH', `/${name}/${second.id}`, {
        ...{ token: clinic.token, body: { [one]: change }, headers: key },
      })
      await expectRefusal(elsewhere, 422, conflict)
    })

    it('makes one deletion of two, and one version of eight lost answers', async () => {
      const { amend, remove, history } = await aRecordOf()
      const lost = await amend(change, { 'Idempotency-Key': 'a', 'x-test-d1': 'after,after' })
      expect(lost.status).toBe(200)

      const key = { 'Idempotency-Key': 'gone' }
      const [first, again] = [await remove({ ...key, 'x-test-d1': 'after' }), await remove(key)]

      expect([first.status, again.status]).toEqual([204, 204])
      expect(again.headers.get('Idempotent-Replayed')).toBe('true')
      const { versions } = await history()
      expect(versions.map(({ action }: { action: string }) => action)).toEqual([
        ...['delete', 'amend', 'create'],
      ])
    })
  })

  describe('a deletion', () => {
    it('leaves nothing but the history, and gives the id to nobody', async () => {
      const { clinic, holder, path, made, get, amend, remove, history } = await aRecordOf()

      const removed = await remove()

      expect([removed.status, await removed.text()]).toEqual([204, ''])
      for (const gone of [await get(), await amend(change), await remove()]) {
        await expectRefusal(gone, 404, notFound)
      }
      expect(await clinic.total(name)).toBe(0)
      const { versions } = await history()
      expect(versions[0]).toMatchObject({ version: 2, action: 'delete', [one]: null })
      expect(versions[1]).toMatchObject({ version: 1, [one]: made })
      const next = await jsonOf(await clinic.post(`/${name}`, aRecord(holder)))
      expect(`/${name}/${next.id}`).not.toBe(path)
      expect(next.id).toBe(2)
    })

    it('leaves every page exact, before and behind other gaps, and also where it is refused', async () => {
      const { clinic, holder } = await aRecordOf()
      for (let id = 2; id <= 5; id++) await clinic.post(`/${name}`, aRecord(holder))
      const remove = (id: number, headers = {}) =>
        worker.call('DELETE', `/${name}/${id}`, { token: clinic.token, headers })

      const answers = [await remove(4), await remove(2), await remove(2)]
      answers.push(await remove(1, { 'If-Match': '"other.1"' }))

      expect(answers.map(({ status }) => status)).toEqual([204, 204, 404, 412])
      const expectPages = async (ids: number[]) => {
        for (const [n, id] of ids.entries()) {
          const page = await jsonOf(await clinic.get(`/${name}?page=${n + 1}&page_size=1`))
          expect(page).toMatchObject({ [name]: [{ id }], pagination: { total_count: ids.length } })
        }
      }
      await expectPages([1, 3, 5])

      const deed = { clinicId: clinic.clinicId, id: 2, tokenId: 'operator', requestId: 'restore' }
      await repairer(resource).restore(databaseOf(worker.env, 'first-primary'), deed)

      await expectPages([1, 2, 3, 5])
      const { versions } = await jsonOf(await clinic.get(`/${name}/2/history`))
      const restored = await jsonOf(await clinic.get(`/${name}/2`))
      expect(restored.updated_at).toBe(versions[0].at)
      expect(restored.updated_at > restored.created_at).toBe(true)
    })
  })

  it("is given to no patient of another clinic, nor is another clinic's record", async () => {
    const [ours, theirs] = [await aRecordOf(), await aRecordOf()]
    const stranger = await theirs.clinic.ownable('Patient', NEVER)
    const { clinicId } = ours.clinic
    const other = await ours.clinic.ownable()
    const organization = await ours.clinic.ownable('Organization')
    const db = databaseOf(worker.env, 'first-primary')
    const give = (to: number, type = 'Patient', version = 1) => {
      const run = { tokenId: 'operator', requestId: `give ${type} ${to}` }
      const deed = { clinicId, id: 1, ...run }
      return repairer(resource).reassign(db, deed, { type, id: to }, version, {})
    }

    expect([await give(stranger), await give(organization)]).toEqual([false, false])
    expect(await give(other)).toBe(true)
    expect((await jsonOf(await ours.get()))[owner.id]).toBe(other)
    expect((await ours.history()).versions[0].changed).toEqual([owner.id])
    if (owner.type) {
      expect(await give(organization, 'Organization', 2)).toBe(true)
      expect(await ours.stored()).toMatchObject({
        ...{ [owner.type]: 'Organization', [owner.id]: organization },
      })
      expect((await ours.history()).versions[0].changed).toEqual([owner.type, owner.id])
    }
    expect(await jsonOf(await theirs.get())).toEqual(theirs.made)
  })

  it('an erased record has left no content, in its history and for a replay', async () => {
    const { clinic, holder, amend, remove, history } = await aRecordOf()
    const others = RESOURCES.filter((other) => other.name !== name)
    for (const other of others) {
      await clinic.post(`/${other.name}`, other.aRecord(holder))
      await worker.call('DELETE', `/${other.name}/1`, { token: clinic.token })
    }
    const key = { 'Idempotency-Key': 'erased' }
    await amend(change, key)
    await amend({ [textField]: 'Later' })
    await remove()
    const db = databaseOf(worker.env, 'first-primary')
    const deed = { clinicId: clinic.clinicId, id: 1, tokenId: 'operator', requestId: 'erase' }

    await repairer(resource).erase(db, deed)

    const { versions } = await history()
    expect(versions.map(({ [one]: content }: Record<string, unknown>) => content)).toEqual(
      Array(5).fill(null),
    )
    await expectRefusal(await amend(change, key), 404, notFound)
    for (const other of others) {
      const { versions } = await jsonOf(await clinic.get(`/${other.name}/1/history`))
      expect(versions[1][other.one]).not.toBeNull()
    }
  })

  describe('a history', () => {
    it('tells who changed what, newest first, a page at a time', async () => {
      const { amend, history, clinic, path } = await aRecordOf()
      const answer = await amend(change)

      const all = await history()

      expect(all.versions).toMatchObject([
        {
          ...{ version: 2, action: 'amend', changed: Object.keys(change) },
          ...{ request_id: answer.headers.get('X-Request-Id'), [one]: change },
        },
        { version: 1, action: 'create', changed: [] },
      ])
      const first = await clinic.get(`${path}/history?page_size=1`)
      expect(first.headers.get('Link')).toContain('rel="next"')
      const second = await history('?page=2&page_size=1')
      expect(second.versions).toEqual([all.versions[1]])
      expect(second.pagination).toMatchObject({ total_count: 2, total_pages: 2 })
      await expectRefusal(await clinic.get(`/${name}/${NEVER}/history`), 404, notFound)
    })
  })

  describe('a clinic that is frozen', () => {
    it('is read, but not written to: 503 with the time to come back', async () => {
      const { clinic, get, amend, remove, holder, created } = await aRecordOf()
      await setClinicState(databaseOf(worker.env, 'first-primary'), clinic.clinicId, 'frozen')

      const refused = [
        await clinic.post(`/${name}`, aRecord(holder)),
        await clinic.post(`/${name}/batch`, { [name]: [aRecord(holder)[one]] }),
        // Not even the key of a write that changes nothing: what is being moved must stay as it is.
        await clinic.post(`/${name}?if_exists=return`, aRecord(holder)),
        ...[await amend(change), await amend({}), await remove()],
      ]

      for (const answer of refused) {
        expect([answer.status, answer.headers.get('Retry-After')]).toEqual([503, '30'])
      }
      expect(etagOf(await get())).toBe(etagOf(created))
    })
  })

  if (hasSsn) {
    describe('an SSN', () => {
      const opened = async (row: Record<string, unknown> | null, clinic: Clinic, holder: number) =>
        await openSsn(
          { sealed: String(row?.ssn_sealed), lastFour: String(row?.ssn_last_four) },
          {
            ...{ clinicId: clinic.clinicId, table: name, ownableType: 'Patient' },
            ...{ ownableId: holder, uid: String(row?.uid) },
          },
          worker.ssnKey.privateKey,
        )

      it('that is the own mask stays; any other mask, or blank text, is invalid', async () => {
        const { amend, stored } = await aRecordOf()
        const before = await stored()

        expect((await amend({ ssn: '***-**-4320' })).status).toBe(200)
        for (const ssn of ['***-**-4321', '***-**-', '', ' ', '*********']) {
          await expectRefusal(await amend({ ssn }), 422, { ssn: ['is invalid'] })
        }
        expect((await stored())?.ssn_sealed).toBe(before?.ssn_sealed)
        const without = await aRecordOf({ ssn: null })
        await expectRefusal(await without.amend({ ssn: '***-**-4320' }), 422, {
          ssn: ['is invalid'],
        })
      })

      it('that is given is sealed for this record, and always a change', async () => {
        const { clinic, holder, amend, stored, history } = await aRecordOf()

        const same = await amend({ ssn: CANARY.ssn })
        expect(await opened(await stored(), clinic, holder)).toBe('987654320')
        const other = await amend({ ssn: ' 987.65.4329 ' })

        expect(await opened(await stored(), clinic, holder)).toBe('987654329')
        expect([(await jsonOf(same)).ssn, (await jsonOf(other)).ssn]).toEqual([
          ...['***-**-4320', '***-**-4329'],
        ])
        const { versions } = await history()
        expect(versions.map(({ changed }: { changed: string[] }) => changed)).toEqual([
          ...[['ssn'], ['ssn'], []],
        ])
      })

      it('is cleared by null, and stays when it is left out', async () => {
        const { amend, stored } = await aRecordOf()

        await amend(change)
        expect((await stored())?.ssn_last_four).toBe('4320')
        expect((await jsonOf(await amend({ ssn: null }))).ssn).toBeNull()
        expect(await stored()).toMatchObject({ ssn_sealed: null, ssn_key_id: null })
      })
    })
  }
})

describe('GET /changes', () => {
  it('tells of all resources in the order of writing, with each record as it is now', async () => {
    const clinic = await worker.clinic()
    const holder = await clinic.ownable()
    const made = []
    for (const { name, aRecord } of RESOURCES)
      made.push(await clinic.post(`/${name}`, aRecord(holder)))
    await worker.call('PATCH', '/dependents/1', {
      ...{ token: clinic.token, body: { dependent: { first_name: 'Later' } } },
    })
    await worker.call('DELETE', '/person_informations/1', { token: clinic.token })

    const all = await jsonOf(await clinic.get('/changes'))

    const told = all.changes.map(({ seq, resource, action, version }: Record<string, unknown>) =>
      [seq, resource, action, version].join(' '),
    )
    expect(told).toEqual([
      ...['1 person_informations create 1', '2 dependents create 1', '3 coverages create 1'],
      ...['4 dependents amend 2', '5 person_informations delete 2'],
    ])
    expect(all.changes.map(({ record }: { record: unknown }) => record)).toMatchObject([
      ...[
        null,
        { first_name: 'Later' },
        { member_id: 'HM 0012345' },
        { first_name: 'Later' },
        null,
      ],
    ])
    expect(all.last_seq).toBe(5)
    const some = await jsonOf(await clinic.get('/changes?after=1&limit=2'))
    expect([some.changes.length, some.last_seq]).toEqual([2, 3])
    const none = await jsonOf(await clinic.get('/changes?after=5'))
    expect(none).toEqual({ changes: [], last_seq: 5 })
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201])
  })

  it('refuses to go on after a change that is none, and knows only its own clinic', async () => {
    const [clinic, other] = [await worker.clinic(), await worker.clinic()]
    await other.post('/dependents', aDependent(await other.ownable()))

    await expectRefusal(await clinic.get('/changes?after=1'), 422, {
      after: ['start again from 0'],
    })
    expect(await jsonOf(await clinic.get('/changes'))).toEqual({ changes: [], last_seq: 0 })
    await expectRefusal(await clinic.get('/changes?limit=101'), 422, {
      limit: ['must be less than or equal to 100'],
    })
  })

  it('goes on after what a restore of the database took away, and never back in time', async () => {
    const clinic = await worker.clinic()
    const { clinicId } = clinic
    const holder = await clinic.ownable()
    const create = async () => jsonOf(await clinic.post('/dependents', aDependent(holder)))
    await create()
    const db = databaseOf(worker.env, 'first-primary')
    const lost = { clinic_id: clinicId, seq: 7, ids: { dependents: 4 } }
    for (const mark of [lost, lost]) await resumeAfter(db, mark, 'operator')
    const future = '2999-01-01T00:00:00.000Z'
    await db.batch([
      db.prepare('UPDATE changes SET at = ? WHERE clinic_id = ?').bind(future, clinicId),
    ])

    const next = await create()

    expect([next.id, next.created_at]).toEqual([5, future])
    const { changes } = await jsonOf(await clinic.get('/changes'))
    expect(changes.map(({ seq }: { seq: number }) => seq)).toEqual([1, 8])
    expect(await clinic.total('dependents')).toBe(2)
    const second = await jsonOf(await clinic.get('/dependents?page=2&page_size=1'))
    expect(second.dependents).toMatchObject([{ id: 5 }])
    await expectRefusal(await clinic.get('/dependents/4/history'), 404, 'Dependent not found')
  })

  it('shows a follower every change once, while sixteen clients write', async () => {
    const clinic = await worker.clinic()
    const holder = await clinic.ownable()
    let isDone = false
    const writing = Promise.all(
      Array.from({ length: 16 }, async () => {
        for (let n = 0; n < 5; n++) {
          const { id } = await jsonOf(await clinic.post('/dependents', aDependent(holder)))
          if (n % 2) await worker.call('DELETE', `/dependents/${id}`, { token: clinic.token })
        }
      }),
    ).then(() => (isDone = true))

    const seen: number[] = []
    for (let after = 0; ;) {
      const wasDone = isDone
      const { changes, last_seq } = await jsonOf(
        await clinic.get(`/changes?after=${after}&limit=9`),
      )
      seen.push(...changes.map(({ seq }: { seq: number }) => seq))
      if (wasDone && changes.length === 0) break
      after = last_seq
    }
    await writing
    expect(seen).toEqual(Array.from({ length: 16 * 7 }, (_, n) => n + 1))
  })
})

describe('POST …/search', () => {
  const NAMES = [
    ["O'Neil", 'Ana', '1990-05-15'],
    ['ONeill', 'Bea', '1990-05-15'],
    ['Muñoz', 'Cyd', '1985-01-02'],
    ['Munoz-Ruiz', 'Ana', '1990-05-15'],
    ['王', '小明', '2000-02-29'],
  ] as const

  it.each(PEOPLE)('finds $name by folded prefixes and dates, in order', async (resource) => {
    const { name, aRecord } = resource
    const [clinic, other] = [await worker.clinic(), await worker.clinic()]
    for (const each of [clinic, other]) {
      const holder = await each.ownable()
      for (const [last_name, first_name, date_of_birth] of NAMES) {
        await each.post(`/${name}`, aRecord(holder, { last_name, first_name, date_of_birth }))
      }
    }
    const found = async (search: object, paging = {}) => {
      const answer = await clinic.post(`/${name}/search`, { search, ...paging })
      expect(answer.headers.get('Link')).toBeNull()
      const { [name]: people, pagination } = await jsonOf(answer)
      return [people.map(({ id }: { id: number }) => id), pagination.total_count]
    }

    expect(await found({ last_name: 'oneil' })).toEqual([[1, 2], 2])
    expect(await found({ last_name: 'O’NEIL' })).toEqual([[1, 2], 2])
    expect(await found({ last_name: 'munoz' })).toEqual([[3, 4], 2])
    expect(await found({ last_name: 'MUÑOZ', first_name: 'a' })).toEqual([[4], 1])
    expect(await found({ date_of_birth: '1990-05-15' })).toEqual([[4, 1, 2], 3])
    expect(await found({ date_of_birth: '1990-05-15', last_name: 'o' })).toEqual([[1, 2], 2])
    expect(await found({ last_name: '王' })).toEqual([[5], 1])
    expect(await found({ last_name: 'nobody' })).toEqual([[], 0])
    expect(await found({ date_of_birth: '1990-05-15' }, { page: 2, page_size: 2 })).toEqual([
      [2],
      3,
    ])
    const born = { search: { date_of_birth: '1990-05-15' } }
    const seen = await clinic.post(`/${name}/search`, born, { 'x-test-settled': 'yes' })
    expect(await worker.eventOf(seen)).toMatchObject({ action: 'search', ids: '1-2,4' })
    const bare = await clinic.post(`/${name}/search`, { search: { first_name: 'Ana' } })
    await expectRefusal(bare, 422, { search: ['needs a last_name or a date_of_birth'] })
    const [page, page_size] = [90071992547410, 101]
    const far = await clinic.post(`/${name}/search`, {
      search: { last_name: 'o' },
      page,
      page_size,
    })
    await expectRefusal(far, 422, {
      page: ['must be less than or equal to 90071992547409'],
      page_size: ['must be less than or equal to 100'],
    })
  })

  it.each(PEOPLE)('finds $name as they are called and born now', async (resource) => {
    const { name, one, aRecord } = resource
    const clinic = await worker.clinic()
    const holder = await clinic.ownable()
    const people = [
      { first_name: 'Zoë', date_of_birth: '1990-05-15' },
      { first_name: 'Ana', date_of_birth: '1990-05-15' },
      { first_name: 'Bea', date_of_birth: '1985-01-02', last_name: 'García Márquez García' },
    ].map((fields) => aRecord(holder, { last_name: 'García Márquez', ...fields })[one])
    await clinic.post(`/${name}/batch`, { [name]: people })
    const found = async (last_name: string, more = {}, paging = {}) => {
      const search = { last_name, ...more }
      const answer = await jsonOf(await clinic.post(`/${name}/search`, { search, ...paging }))
      return answer[name].map(({ id }: { id: number }) => id)
    }
    const send = (method: string, id: number, fields: object) =>
      worker.call(method, `/${name}/${id}`, { token: clinic.token, body: { [one]: fields } })

    for (const word of ['garcia', 'marquez']) {
      const pages = [1, 2, 3].map((page) => found(word, {}, { page, page_size: 1 }))
      expect(await Promise.all(pages)).toEqual([[2], [1], [3]])
      expect(await found(word, { date_of_birth: '1990-05-15' })).toEqual([2, 1])
    }
    await send('PATCH', 1, { last_name: "O'Núñez" })
    await send('PUT', 1, { first_name: 'Chloë' })
    await send('PATCH', 2, { date_of_birth: '1970-07-07' })

    for (const word of ['onunez', 'nunez']) expect(await found(word)).toEqual([1])
    for (const word of ['garcia', 'marquez']) {
      expect(await found(word)).toEqual([2, 3])
      expect(await found(word, { date_of_birth: '1970-07-07' })).toEqual([2])
      expect(await found(word, { date_of_birth: '1990-05-15' })).toEqual([])
    }
    expect(await found('nunez', { first_name: 'chloe' })).toEqual([1])
    expect(await found('nunez', { first_name: 'zoe' })).toEqual([])
    const { versions } = await jsonOf(await clinic.get(`/${name}/1/history`))
    expect(versions.map(({ changed }: { changed: string[] }) => changed)).toEqual([
      ...[['first_name'], ['last_name'], []],
    ])
    for (const id of [1, 2, 3]) {
      await worker.call('DELETE', `/${name}/${id}`, { token: clinic.token })
    }
    const words = worker.env.DB.prepare('SELECT * FROM name_words WHERE clinic_id = ?')
    expect((await words.bind(clinic.clinicId).all()).results).toEqual([])
  })

  it('refuses more than a thousand matches', async () => {
    const clinic = await worker.clinic()
    const holder = await clinic.ownable()
    await clinic.post('/dependents', aDependent(holder))
    await worker.env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
       INSERT INTO dependents (clinic_id, id, uid, version, primary_holder_id, first_name, last_name, date_of_birth,
         relationship, last_name_folded, first_name_folded, last_name_identity, first_name_identity, created_at, updated_at)
       SELECT clinic_id, i, uid, version, primary_holder_id, first_name, last_name, date_of_birth,
         relationship, last_name_folded, first_name_folded, last_name_identity, first_name_identity, created_at, updated_at
       FROM n JOIN dependents ON clinic_id = ? AND id = 1`,
    )
      .bind(clinic.clinicId)
      .run()
    const search = (fields: object) =>
      clinic.post('/dependents/search', { search: { last_name: CANARY.name, ...fields } })

    for (const fields of [{}, { first_name: 'I' }]) {
      await expectRefusal(await search(fields), 422, {
        search: ['too many matches; add a date of birth or more letters'],
      })
    }
    expect((await search({ first_name: 'nobody' })).status).toBe(200)
    const canary = { last_name: 'canary', first_name: 'I' }
    expect((await search(canary)).status).toBe(200)
    await worker.env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
       INSERT INTO name_words (clinic_id, resource, date_of_birth, word, record_id)
       SELECT ?, 'dependents', '2010-03-20', 'canary ' || i, 1 FROM n`,
    )
      .bind(clinic.clinicId)
      .run()
    expect((await search(canary)).status).toBe(422)
  })
})

describe('POST …?if_exists=return', () => {
  it.each(PEOPLE)('takes no other person for one of the $name', async ({ name, aRecord }) => {
    const clinic = await worker.clinic()
    const [holder, another] = [await clinic.ownable(), await clinic.ownable()]
    const send = async (fields: object, owner = holder) => {
      const record = aRecord(owner, { first_name: 'José', last_name: 'Muñoz', ...fields })
      return (await clinic.post(`/${name}?if_exists=return`, record)).status
    }

    expect([await send({}), await send({})]).toEqual([201, 200])
    expect([await send({ ssn: null }), await send({ first_name: 'JOSÉ' })]).toEqual([200, 200])
    for (const fields of [
      { first_name: 'Jose' },
      { last_name: 'Munoz' },
      { date_of_birth: '1990-05-16' },
      { ssn: '987-65-4329' },
    ]) {
      expect([await send(fields), await send(fields)]).toEqual([201, 200])
    }
    expect(await send({}, another)).toBe(201)
  })

  it.each(RESOURCES)(
    'makes one of eight equal $name at once, whatever their keys',
    async (resource) => {
      const { name, one, aRecord, change, respelled, textField } = resource
      const clinic = await worker.clinic()
      const holder = await clinic.ownable()
      const send = (n: number, fields = {}) =>
        clinic.post(`/${name}?if_exists=return`, aRecord(holder, fields), {
          'Idempotency-Key': `sync ${n}`,
        })

      const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => send(n)))

      expect(answers.map(({ status }) => status).sort()).toEqual([...Array(7).fill(200), 201])
      expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1)
      const [same, other] = [await send(8, respelled), await send(9, change)]
      expect([same.status, other.status]).toEqual([200, 201])
      expect(await clinic.total(name)).toBe(2)
      // Where somebody made the same twice, it is the first one.
      await clinic.post(`/${name}`, aRecord(holder))
      expect(await jsonOf(await send(10))).toMatchObject({ id: 1 })
      // It is returned as it is now, also when the request is sent again.
      const { [textField]: text } = aRecord(holder)[one] ?? {}
      for (const fields of [change, { [textField]: text }]) {
        const body = { [one]: fields }
        await worker.call('PATCH', `/${name}/1`, { token: clinic.token, body })
      }
      const now = await clinic.get(`/${name}/1`)
      expect([etagOf(await send(11)), etagOf(await send(11))]).toEqual([etagOf(now), etagOf(now)])
    },
  )
})
