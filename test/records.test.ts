import { beforeAll, describe, expect, it } from 'vitest'
import { setClinicState } from '../src/clinics/queries.ts'
import { databaseOf } from '../src/storage/session.ts'
import { factory } from '../src/env.ts'
import { idempotencyKey } from '../src/records/idempotency.ts'
import { replaceSealed } from '../src/operator/records/stored.ts'
import { openSsn } from '../src/operator/ssn.ts'
import { expectRefusal } from './support/expect.ts'
import { RESOURCES } from './support/resources.ts'
import { API, useWorker, type Clinic } from './support/worker.ts'

// What all resources of record promise. What is particular to one resource stands in the file of its name.

const worker = useWorker({ instrumented: true })

const NEVER = 987654321
const BLANK = "can't be blank"
const KEY_FORM = 'must be 1 to 255 printable ASCII characters'
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const LARGEST_ID = 'must be less than or equal to 9007199254740991'

describe.each(RESOURCES)('$name', (resource) => {
  const { name, one, notFound, aRecord, change, mistake, complaint, textField } = resource
  const { id: ownerId, filter } = resource.owner
  const path = `/${name}`
  const hasRules = Object.keys(resource.rules).length > 0

  /** A clinic that has no records, and gets none: what it asks for is refused, or empty. */
  let idle: Clinic
  beforeAll(async () => {
    idle = await worker.clinic()
    // Of another type it exists.
    await idle.ownable('Organization', NEVER)
  })

  /** A clinic with an ownable, and so many records of it. */
  async function aClinic(records = 0) {
    const clinic = await worker.clinic()
    const owner = await clinic.ownable()
    const ids: number[] = []
    while (ids.length < records) ids.push(await create(clinic, owner))
    return { clinic, owner, ids }
  }

  async function create(clinic: Clinic, owner: number, fields = {}): Promise<number> {
    const response = await clinic.post(path, aRecord(owner, fields))
    expect(response.status).toBe(201)
    return JSON.parse(await response.text()).id
  }

  const list = async (clinic: Clinic, query = '') =>
    JSON.parse(await (await clinic.get(path + query)).text())

  describe('a creation', () => {
    it('answers what was sent, under the documented keys, and where it is to be found', async () => {
      const { clinic, owner } = await aClinic()
      const { ssn: _, ...sent } = aRecord(owner)[one] ?? {}

      const response = await clinic.post(path, aRecord(owner))

      expect(response.status).toBe(201)
      const text = await response.text()
      const created = JSON.parse(text)
      expect(Object.keys(created)).toEqual(Object.keys(resource.record.shape))
      expect(created).toMatchObject({ ...sent, created_at: expect.stringMatching(TIMESTAMP) })
      expect(created.updated_at).toBe(created.created_at)
      const location = response.headers.get('Location') ?? ''
      expect(location).toBe(`${API}${path}/${created.id}`)
      const headers = { 'X-User-Token': clinic.token }
      expect(await (await worker.fetch(location, { headers })).text()).toBe(text)
    })

    it('ignores what is ours to write, which a client may have read', async () => {
      const { clinic, owner } = await aClinic()
      const never = { id: NEVER, created_at: 'never', updated_at: 'never' }

      const response = await clinic.post(path, aRecord(owner, never))

      expect(response.status).toBe(201)
      const created = await response.json()
      expect(Object.keys(Object(created))).toEqual(Object.keys(resource.record.shape))
      expect(Object.values(Object(created))).not.toContain('never')
      expect(created).not.toMatchObject({ id: NEVER })
    })

    it('is refused with names that are not known, and told the one that was meant', async () => {
      const [field = ''] = Object.keys(change)
      const [capitals, typo] = [field.toUpperCase(), field.replace('_', '_x')]
      const body = aRecord(NEVER, { clinic_id: 'lakeside', [capitals]: 'Ana', [typo]: '' })

      const response = await idle.post(path, { ...body, [`${one}s`]: {} })

      await expectRefusal(response, 422, {
        clinic_id: ['is not a known field'],
        [capitals]: [`is not a known field; did you mean ${field}?`],
        [typo]: [`is not a known field; did you mean ${field}?`],
        [`${one}s`]: [`is not a known field; did you mean ${one}?`],
        [ownerId]: ['must exist'],
      })
    })

    it('is refused with everything that is wrong at once, an absent owner included', async () => {
      const response = await idle.post(path, aRecord(NEVER, mistake))

      await expectRefusal(response, 422, { ...complaint, [ownerId]: ['must exist'] })
      expect(await idle.total(name)).toBe(0)
    })

    it.each([
      ['left out', undefined, BLANK],
      ['null', null, BLANK],
      ['blank', ' ', BLANK],
      ['text', '1049', 'is not a number: it was sent as text, in quotes'],
      ['a word', 'Ana', 'is not a number'],
      ['a boolean', true, 'is not a number'],
      ['a fraction', 1.5, 'must be an integer'],
      ['nought', 0, 'must be greater than 0'],
      ['negative', -1049, 'must be greater than 0'],
      ['too large to be exact', 2 ** 53, LARGEST_ID],
      ['nobody', NEVER, 'must exist'],
    ])(`is refused when its ${ownerId} is %s`, async (_, id, message) => {
      const response = await idle.post(path, aRecord(1, { [ownerId]: id }))

      await expectRefusal(response, 422, { [ownerId]: [message] })
    })

    const rootless = ['null', '"text"', '[]'].map((value) => `{"${one}": ${value}}`)
    it.each(['{}', ...rootless])('is refused without fields: %s', async (body) => {
      const response = await idle.post(path, body)

      await expectRefusal(response, 422, { [one]: [BLANK] })
    })

    it.each(['[]', 'null', '"text"', `{"${textField}": "Ana"}`])(
      'is refused without its wrapper, which the answer names: %s',
      async (body) => {
        const response = await idle.post(path, body)

        await expectRefusal(response, 422, { [one]: [`${BLANK}: send {"${one}": {…}}`] })
      },
    )

    it('numbers the records of each clinic by themselves', async () => {
      const [ours, theirs] = [await aClinic(), await aClinic()]
      const ids: number[] = []
      for (const { clinic, owner } of [ours, theirs, ours, theirs, theirs]) {
        ids.push(await create(clinic, owner))
      }

      expect(ids).toEqual([1, 1, 2, 2, 3])
    })
  })

  describe('a record', () => {
    it.each([
      ...[String(NEVER), '0', '-1', 'abc', '0x10', '1e3', '1.5', '99999999999999999999'],
      ...['%00', '%zz'],
    ])('is 404 at %s', async (id) => {
      const response = await idle.get(`${path}/${id}`)

      await expectRefusal(response, 404, notFound)
    })
  })

  describe('the list', () => {
    it.each(['', `?${filter}=${NEVER}`])('is empty where there is nothing: %s', async (query) => {
      const response = await idle.get(path + query)

      expect(response.status).toBe(200)
      expect(await response.text()).toBe(
        `{"${name}":[],"pagination":{"current_page":1,"total_pages":0,"total_count":0,"per_page":25}}`,
      )
    })

    it('has the records of one patient, of this clinic alone, where one is asked for', async () => {
      const { clinic, owner, ids } = await aClinic(1)
      const [other, theirs] = [await clinic.ownable(), await worker.clinic()]
      await create(clinic, other)
      ids.push(await create(clinic, owner, change))
      await create(theirs, await theirs.ownable('Patient', owner))

      const { [name]: listed, pagination } = await list(clinic, `?${filter}=${owner}`)

      expect(listed.map(({ id }: { id: number }) => id)).toEqual(ids)
      expect(listed[1]).toMatchObject(change)
      expect(pagination).toEqual({
        ...{ current_page: 1, total_pages: 1, total_count: 2, per_page: 25 },
      })
    })

    it.each([
      ['of all', ''],
      ['of one patient', filter],
    ])('%s is walked to its end while records are being added', async (_, by) => {
      const { clinic, owner, ids } = await aClinic(4)
      const other = await clinic.ownable()

      const walked: { id: number }[] = []
      let next: string | undefined = `${path}?page_size=2${by && `&${by}=${owner}`}`
      for (let pages = 0; next !== undefined && pages < 20; pages++) {
        if (pages > 0 && pages < 4) {
          ids.push(await create(clinic, owner))
          await create(clinic, other)
        }
        const response = await clinic.get(next)
        walked.push(...JSON.parse(await response.text())[name])
        next = /<[^>]*insurances([^>]*)>; rel="next"/.exec(response.headers.get('Link') ?? '')?.[1]
      }

      const found = walked.map(({ id }) => id)
      expect(found).toEqual([...new Set(found)].sort((a, b) => a - b))
      expect(found).toEqual(expect.arrayContaining(ids))
      expect(found).toHaveLength(by ? ids.length : ids.length + 3)
    })

    it('answers a page past the end with nothing and true totals', async () => {
      const { clinic, owner } = await aClinic(3)

      for (const query of ['', `&${filter}=${owner}`]) {
        const response = await clinic.get(`${path}?page=9&page_size=2${query}`)
        expect(response.status).toBe(200)
        expect(await response.json()).toEqual({
          [name]: [],
          pagination: { current_page: 9, total_pages: 2, total_count: 3, per_page: 2 },
        })
        expect(response.headers.get('Link')).toMatch(/page=2[^>]*>; rel="prev"/)
        expect(response.headers.get('Link')).not.toContain('rel="next"')
      }
    })

    it('links first, prev, next and last, those that apply, with the filter', async () => {
      const { clinic, owner } = await aClinic(3)
      const linksOf = async (query: string) =>
        (await clinic.get(`${path}?${query}`)).headers.get('Link') ?? ''
      const relations = async (query: string) =>
        [...(await linksOf(query)).matchAll(/[?&]page=(\d+)[^>]*>; rel="(\w+)"/g)].map(
          ([, n, rel]) => `${rel} ${n}`,
        )

      expect(await relations('page_size=1')).toEqual(['first 1', 'next 2', 'last 3'])
      expect(await relations('page_size=1&page=2')).toEqual([
        ...['first 1', 'prev 1', 'next 3', 'last 3'],
      ])
      expect(await relations('page_size=1&page=3')).toEqual(['first 1', 'prev 2', 'last 3'])
      expect(await relations(`${filter}=${owner}`)).toEqual(['first 1', 'last 1'])
      expect(await relations(`${filter}=${NEVER}`)).toEqual(['first 1'])
      const filtered = (await linksOf(`${filter}=${owner}&page_size=1`)).split(', ')
      expect(filtered).toHaveLength(3)
      for (const link of filtered) {
        expect(link).toMatch(`<${worker.origin}${API}${path}?`)
        expect(link).toContain(`${filter}=${owner}`)
      }
    })

    const refusals: Record<string, string[]> = {
      'is not a number': [
        ...['page=', 'page=abc', 'page=1e3', 'page=0x10', 'page=%201', 'page=+1'],
        ...['', 'abc', '1e3', '0x10'].map((value) => `${filter}=${value}`),
        ...['page_size=ten', filter],
      ],
      'is repeated; send it once': ['page=1&page=2', `${filter}=1&${filter}=2`],
      'must be an integer': ['page=1.5', `${filter}=1.5`],
      'must be greater than 0': ['page=0', 'page=-1', 'page_size=0', `${filter}=0`],
      'must be less than or equal to 100': ['page_size=101'],
      'must be less than or equal to 90071992547409': ['page=99999999999999999999'],
      [LARGEST_ID]: [`${filter}=9007199254740993`],
    }
    const refusedQueries = Object.entries(refusals).flatMap(([message, queries]) =>
      queries.map((query) => [query, message] as const),
    )
    it.each(refusedQueries)('refuses ?%s', async (query, message) => {
      const response = await idle.get(`${path}?${query}`)

      const [parameter = ''] = query.split('=')
      await expectRefusal(response, 422, { [parameter]: [message] })
    })

    it('refuses every malformed parameter at once, and those it does not know', async () => {
      const query = `page=0&page_size=1000&${filter}=x&colour=blue`

      await expectRefusal(await idle.get(`${path}?${query}`), 422, {
        page: ['must be greater than 0'],
        page_size: ['must be less than or equal to 100'],
        [filter]: ['is not a number'],
        colour: ['is not a known parameter'],
      })
    })

    it.each([
      ...[`${filter}[]=1`, `${filter.replace('_id', 'Id')}=1`, `${filter.replace('p', 'P')}=1`],
      ...[`${filter.toUpperCase()}=1`, `${filter}s=1`, `${filter.replace('_', '-')}=1`],
    ])('refuses ?%s, which would list everyone, and names the filter', async (query) => {
      const [parameter = ''] = query.split('=')

      await expectRefusal(await idle.get(`${path}?${query}`), 422, {
        [parameter]: [`is not a known parameter; did you mean ${filter}?`],
      })
    })

    it('takes the largest page and page size there are', async () => {
      const { pagination } = await list(idle, '?page=90071992547409&page_size=100')

      expect(pagination).toMatchObject({ current_page: 90071992547409, per_page: 100 })
    })
  })

  it.each([
    ['the list of one patient', 'one', 200, `${path}?${filter}=1&page=2`],
    ['an id that is none', 'no', 404, `${path}/abc`],
    ['a page that is none', 'no', 422, `${path}?page=0`],
    ['an absent owner', 'two', 422, path, aRecord(NEVER)],
    ['an absent owner beside a mistake', 'one', 422, path, aRecord(NEVER, mistake)],
    // Where there are rules, those that are not about the owner are asked.
    ['an impossible owner', hasRules ? 'one' : 'no', 422, path, aRecord(0, mistake)],
  ] as const)('makes for %s %s D1 round trips', async (_, trips, status, at, body?: object) => {
    const response = await worker.call(body ? 'POST' : 'GET', at, { token: idle.token, body })

    expect(response.status).toBe(status)
    expect(response.headers.get('x-test-d1')).toBe({ no: '0', one: '1', two: '2' }[trips])
    expect(response.headers.get('x-test-kv')).toBe('1')
  })

  describe('an Idempotency-Key', () => {
    const key = { 'Idempotency-Key': 'order 66/e' }

    it('answers the same request with the first answer, and says so', async () => {
      const { clinic, owner } = await aClinic()

      const first = await clinic.post(path, aRecord(owner), key)
      const again = await clinic.post(path, JSON.stringify(aRecord(owner), null, 2), key)

      expect([first.status, again.status]).toEqual([201, 201])
      expect(await again.text()).toBe(await first.text())
      expect(first.headers.get('Idempotent-Replayed')).toBeNull()
      expect(again.headers.get('Idempotent-Replayed')).toBe('true')
      expect(again.headers.get('Location')).toBe(first.headers.get('Location'))
      expect(await clinic.total(name)).toBe(1)
    })

    const ssns = { 'another SSN': { ssn: '987-65-4329' }, 'no SSN': { ssn: null } }
    it.each(Object.entries({ 'another field': change, ...(resource.hasSsn && ssns) }))(
      'refuses a request with %s',
      async (_, fields) => {
        const { clinic, owner } = await aClinic()
        await clinic.post(path, aRecord(owner), key)

        const response = await clinic.post(path, aRecord(owner, fields), key)

        await expectRefusal(response, 422, {
          'Idempotency-Key': ['has already been used for another request'],
        })
        expect(await clinic.total(name)).toBe(1)
      },
    )

    it('makes one record of twenty requests at once', async () => {
      const { clinic, owner } = await aClinic()

      const responses = await Promise.all(
        Array.from({ length: 20 }, () => clinic.post(path, aRecord(owner), key)),
      )

      const bodies = await Promise.all(responses.map((response) => response.text()))
      expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([201]))
      expect(new Set(bodies).size).toBe(1)
      const first = responses.filter(({ headers }) => !headers.has('Idempotent-Replayed'))
      expect(first).toHaveLength(1)
      expect(await clinic.total(name)).toBe(1)
    })

    it('is not used up by a refusal', async () => {
      const clinic = await worker.clinic()

      const absent = await clinic.post(path, aRecord(5), key)
      const invalid = await clinic.post(path, aRecord(5, mistake), key)
      await clinic.ownable('Patient', 5)
      const created = await clinic.post(path, aRecord(5, change), key)

      expect([absent.status, invalid.status, created.status]).toEqual([422, 422, 201])
    })

    it("is the clinic's: it outlives a token, and is not that of another clinic", async () => {
      const { clinic, owner } = await aClinic()
      const [theirs, renewed] = [
        await worker.clinic(),
        await worker.token({ clinic_id: clinic.clinicId }),
      ]
      await theirs.ownable('Patient', owner)

      const replayed = []
      for (const token of [clinic.token, renewed, theirs.token]) {
        const options = { token, body: aRecord(owner), headers: key }
        const response = await worker.call('POST', path, options)
        expect(response.status).toBe(201)
        replayed.push(response.headers.get('Idempotent-Replayed'))
      }
      expect(replayed).toEqual([null, 'true', null])
      expect([await clinic.total(name), await theirs.total(name)]).toEqual([1, 1])
    })

    it.each([
      ['has more than 255 characters', 'k'.repeat(256)],
      ['has a tab', 'a\tb'],
      ['is in another alphabet', 'caf\u00e9'],
    ])('is refused along with every other error when it %s', async (_, malformed) => {
      const { clinic, owner } = await aClinic()
      const headers = { 'Idempotency-Key': malformed }

      const alone = await clinic.post(path, aRecord(owner), headers)
      const together = await clinic.post(path, aRecord(NEVER, mistake), headers)

      await expectRefusal(alone, 422, { 'Idempotency-Key': [KEY_FORM] })
      await expectRefusal(together, 422, {
        ...{ ...complaint, 'Idempotency-Key': [KEY_FORM], [ownerId]: ['must exist'] },
      })
      expect(await clinic.total(name)).toBe(0)
    })

    it('may have 255 characters, or be the id of a request that had none', async () => {
      const { clinic, owner } = await aClinic()
      const create = (headers = {}) => clinic.post(path, aRecord(owner), headers)

      const made = [await create({ 'Idempotency-Key': '~'.repeat(255) }), await create()]
      const requestId = made[1]?.headers.get('X-Request-Id')
      made.push(await create({ 'Idempotency-Key': requestId }))

      expect(made.map(({ status }) => status)).toEqual([201, 201, 201])
      expect(await clinic.total(name)).toBe(3)
    })

    it('lives for 24 hours, and is then forgotten by the sweep', async () => {
      const { clinic, owner } = await aClinic()
      await clinic.post(path, aRecord(owner), key)
      const sentAgainAfter = async (hours: number) => {
        const at = new Date(Date.now() - hours * 3_600_000).toISOString()
        await worker.env.DB.prepare('UPDATE idempotency_keys SET at = ? WHERE clinic_id = ?')
          .bind(at, clinic.clinicId)
          .run()
        await worker.sweep()
        const kept = await worker.env.DB.prepare(
          'SELECT count(*) AS keys FROM idempotency_keys WHERE clinic_id = ?',
        )
          .bind(clinic.clinicId)
          .first('keys')
        const { headers } = await clinic.post(path, aRecord(owner), key)
        return [kept, headers.get('Idempotent-Replayed')]
      }

      expect(await sentAgainAfter(23)).toEqual([1, 'true'])
      expect(await sentAgainAfter(25)).toEqual([0, null])
      expect(await clinic.total(name)).toBe(2)
    })
  })

  if (resource.hasSsn) {
    describe('an SSN', () => {
      it('stays if it was changed while it was being resealed, or if its clinic is being moved', async () => {
        const { clinic, ids } = await aClinic(1)
        const { clinicId } = clinic
        const db = databaseOf(worker.env, 'first-primary')
        const query = `SELECT ssn_sealed AS sealed FROM ${name} WHERE clinic_id = ?`
        const sealed = () => worker.env.DB.prepare(query).bind(clinicId).first<string>('sealed')
        const before = await sealed()
        const resealed = {
          clinicId,
          id: ids[0] ?? 0,
          keyId: 'aaaaaaaa',
          sealed: 'x',
          replaces: 'y',
        }

        const replaced = await replaceSealed(db, resource, [resealed])
        await setClinicState(db, clinicId, 'frozen', ['open'])
        const moved = await replaceSealed(db, resource, [{ ...resealed, replaces: before ?? '' }])

        expect([replaced, moved]).toEqual([[], []])
        expect(await sealed()).toBe(before)
      })

      it('is stored sealed for its owner, and nowhere plain', async () => {
        const { clinic, owner } = await aClinic()
        await create(clinic, owner, { ssn: '987-65-4329' })

        const row = await worker.env.DB.prepare(`SELECT * FROM ${name} WHERE clinic_id = ?`)
          .bind(clinic.clinicId)
          .first()

        expect(JSON.stringify(row)).not.toMatch(/987-?65-?4329/)
        expect(row).toMatchObject({ ssn_key_id: worker.ssnKey.keyId, ssn_last_four: '4329' })
        const sealed = { sealed: String(row?.ssn_sealed), lastFour: '4329' }
        const sealedFor = { table: name, ownableType: 'Patient', ownableId: owner }
        const opened = (uid: unknown) =>
          openSsn(
            sealed,
            { clinicId: clinic.clinicId, ...sealedFor, uid: String(uid) },
            worker.ssnKey.privateKey,
          )
        expect(await opened(row?.uid)).toBe('987654329')
        await expect(opened(crypto.randomUUID())).rejects.toThrow()
      })

      it('is masked in every answer, and in no log', async () => {
        const { clinic, owner } = await aClinic()
        const ssn = '987654328'

        const created = await clinic.post(path, aRecord(owner, { ssn }))
        const refused = await clinic.post(path, aRecord(owner, { ssn, ...mistake }))

        const [one, none] = [await created.text(), await refused.text()]
        const listed = await list(clinic)
        expect(JSON.parse(one).ssn).toBe('***-**-4328')
        expect(listed[name][0].ssn).toBe('***-**-4328')
        expect(one + none + JSON.stringify(listed)).not.toContain(ssn)
        expect(JSON.stringify(worker.logs())).not.toContain(ssn)
      })

      it('may be left out, and is null then', async () => {
        const { clinic, owner } = await aClinic()
        await create(clinic, owner, { ssn: null })
        await create(clinic, owner, { ssn: ' ' })

        expect((await list(clinic))[name]).toMatchObject([{ ssn: null }, { ssn: null }])
      })

      it('leaves no hash behind that all of its nine digits went into', async () => {
        const { clinic, owner } = await aClinic()
        const key = { 'Idempotency-Key': 'masked' }
        await clinic.post(path, aRecord(owner, { ssn: '987-65-4321' }), key)

        // The same last four digits: the fingerprint cannot tell the two apart.
        const response = await clinic.post(path, aRecord(owner, { ssn: '000-00-4321' }), key)

        expect(response.headers.get('Idempotent-Replayed')).toBe('true')
      })
    })
  }

  describe('the audit trail', () => {
    const settled = { 'x-test-settled': 'yes' }

    it('names the records that were created, read and listed, and the one that is not there', async () => {
      const { clinic, owner, ids } = await aClinic(1)
      const [id = 0] = ids

      const created = await clinic.post(path, aRecord(owner))
      const found = await clinic.get(`${path}/${id}`, settled)
      const listed = await clinic.get(`${path}?page_size=1`, settled)
      const absent = await clinic.get(`${path}/${NEVER}`, settled)
      const key = { ...settled, 'Idempotency-Key': 'twice' }
      await clinic.post(path, aRecord(owner), key)
      const replayed = await clinic.post(path, aRecord(owner), key)

      const { id: next } = JSON.parse(await created.text())
      for (const [answer, action, ids, status] of [
        [created, 'create', next, null],
        [found, 'read', id, 200],
        [listed, 'list', id, 200],
        [absent, 'read', NEVER, 404],
        [replayed, 'create', next + 1, 201],
      ] as const) {
        const event = await worker.eventOf(answer)
        expect(event).toMatchObject({ action, resource: name, ids: String(ids), status })
      }
    })

    it('is written with the record: a create whose answer was lost has its event, once', async () => {
      const { clinic, owner } = await aClinic()

      const lost = await clinic.post(path, aRecord(owner), {
        'x-test-d1': 'after,ok,before,before,before',
      })
      const mended = await clinic.post(path, aRecord(owner), { 'x-test-d1': 'after' })

      expect([lost.status, mended.status]).toEqual([503, 201])
      for (const answer of [lost, mended]) {
        expect(await worker.eventOf(answer)).toMatchObject({ action: 'create', resource: name })
      }
    })
  })
})

describe('an idempotency key', () => {
  it('is of one endpoint: the same fields sent to another are another request', async () => {
    const app = factory.createApp().all('*', async (c) => {
      const caller = { tokenId: 'token', clinicId: 'riverside', label: '', scopes: [] }
      c.set('caller', { ...caller, expiresAt: null })
      return c.json(await idempotencyKey(c, { first_name: 'Ana' }))
    })
    const fingerprintAt = async (path: string, method = 'POST') => {
      const answer = await app.request(path, { method })
      return JSON.parse(await answer.text()).fingerprint
    }

    expect(await fingerprintAt('/dependents')).toBe(await fingerprintAt('/dependents'))
    expect(await fingerprintAt('/dependents')).not.toBe(await fingerprintAt('/others'))
    expect(await fingerprintAt('/dependents')).not.toBe(await fingerprintAt('/dependents', 'PUT'))
    // `if_exists=return` asks for something else.
    expect(await fingerprintAt('/dependents')).not.toBe(await fingerprintAt('/dependents?a=b'))
  })
})
