import { beforeAll, describe, expect, it } from 'vitest'
import { importer } from '../src/operator/records/import.ts'
import { derivedFrom } from '../src/records/resource.ts'
import { coverages } from '../src/resources/coverage.ts'
import { databaseOf } from '../src/storage/session.ts'
import { expectRefusal } from './support/expect.ts'
import { aCoverage, somePlans } from './support/fixtures.ts'
import { listsEqualModel } from './support/insured.ts'
import { useWorker, type Answer, type Clinic } from './support/worker.ts'

// What is particular to coverages: their fields, the rules over several of them, and their filters.

const worker = useWorker({ instrumented: true })

const [PATIENT, OTHER, NEVER] = [1049, 1050, 987654321]
/** Somebody's id in another clinic, and in this one the id of somebody who is no patient. */
const [FOREIGN, EMPLOYEE] = [2000, 3000]

type Fields = Record<string, unknown>

let clinic: Clinic
beforeAll(async () => {
  await worker.publish(somePlans(3, (n) => ({ active: n < 3 })))
  clinic = await aClinic()
  await (await worker.clinic()).ownable('Patient', FOREIGN)
})

async function aClinic() {
  const made = await worker.clinic()
  for (const id of [PATIENT, OTHER]) await made.ownable('Patient', id)
  await made.ownable('Employee', EMPLOYEE)
  return made
}

const jsonOf = async (answer: Answer) => JSON.parse(await answer.text())
const create = (fields: Fields = {}, query = '') =>
  clinic.post(`/coverages${query}`, aCoverage(PATIENT, fields))
const batch = (...records: Fields[]) =>
  clinic.post('/coverages/batch', {
    coverages: records.map((fields) => aCoverage(PATIENT, fields).coverage),
  })
const amend = (id: number, fields: Fields) =>
  worker.call('PATCH', `/coverages/${id}`, { token: clinic.token, body: { coverage: fields } })
const stored = async (id: number) => jsonOf(await clinic.get(`/coverages/${id}`))

/** Imports rows as they were validated; gives how many of each sort there were. */
async function importAll({ clinicId }: Clinic, ...records: Fields[]) {
  const rows = records.map((fields, line) => {
    const given = coverages.given.parse(aCoverage(PATIENT, fields).coverage)
    const record = Object.fromEntries(Object.entries(given))
    return { line, fields: { ...record, ...derivedFrom(coverages, record) } }
  })
  const importing = { clinicId, tokenId: 'operator', publicKey: worker.ssnKey.publicKey }
  return await importer(coverages, importing).write(databaseOf(worker.env, 'first-primary'), rows)
}

const NAMELESS = {
  subscriber_first_name: null,
  subscriber_last_name: null,
  subscriber_date_of_birth: null,
}
const BY_NAME = { subscriber_date_of_birth: '1985-05-15' }
const BY_ID = { ...NAMELESS, subscriber_id: OTHER }
const SELF = { ...NAMELESS, relationship: 'self' }
const BY_PLAN = { carrier: null, plan_id: 1 }

const ONE_OF_BOTH = ['must be blank where there is a plan_id']
const NEEDS_SUBSCRIBER = ["needs a subscriber_id or the subscriber's names"]
const IS_SELF = ['is self, so there must be no subscriber field']
const TOGETHER = ['must be given together with subscriber_first_name']
const NO_NAMES = ["must be blank without the subscriber's names"]
const TWO_SUBSCRIBERS = ["must be blank where there are the subscriber's names"]
const EARLIER = ['must be on or after starts_on']
const MUST_EXIST = ['must exist']

/** What is stored, the one side that changes, and the errors. */
const RULES: [what: string, right: Fields, change: Fields, errors: Record<string, string[]>][] = [
  ['no insurer', {}, { carrier: null }, { plan_id: ['needs a plan_id or a carrier'] }],
  ['no plan', BY_PLAN, { plan_id: null }, { plan_id: ['needs a plan_id or a carrier'] }],
  ['a plan with a carrier', {}, { plan_id: 1 }, { carrier: ONE_OF_BOTH }],
  ['a carrier with a plan', BY_PLAN, { carrier: 'Acme' }, { carrier: ONE_OF_BOTH }],
  ['a plan that is none', BY_PLAN, { plan_id: NEVER }, { plan_id: MUST_EXIST }],
  ['self with names', BY_NAME, { relationship: 'self' }, { relationship: IS_SELF }],
  ['self with an id', BY_ID, { relationship: 'self' }, { relationship: IS_SELF }],
  ['an id with self', SELF, { subscriber_id: OTHER }, { relationship: IS_SELF }],
  [
    'half a name with self',
    SELF,
    { subscriber_first_name: 'Ana' },
    { relationship: IS_SELF, subscriber_last_name: TOGETHER },
  ],
  [
    'a birth with self',
    SELF,
    { subscriber_date_of_birth: '1985-05-15' },
    { subscriber_date_of_birth: NO_NAMES },
  ],
  ...['spouse', 'child', 'parent', 'other'].map((relationship): (typeof RULES)[number] => [
    `a ${relationship} of nobody`,
    SELF,
    { relationship },
    { subscriber_id: NEEDS_SUBSCRIBER },
  ]),
  ['a subscriber taken away', BY_ID, { subscriber_id: null }, { subscriber_id: NEEDS_SUBSCRIBER }],
  [
    'the patient as subscriber',
    BY_ID,
    { subscriber_id: PATIENT },
    { subscriber_id: ['is the patient; say self'] },
  ],
  ['a subscriber who is nobody', BY_ID, { subscriber_id: NEVER }, { subscriber_id: MUST_EXIST }],
  [
    "another clinic's patient as subscriber",
    BY_ID,
    { subscriber_id: FOREIGN },
    { subscriber_id: MUST_EXIST },
  ],
  [
    'a subscriber who is no patient',
    BY_ID,
    { subscriber_id: EMPLOYEE },
    { subscriber_id: MUST_EXIST },
  ],
  ['an id with names', BY_NAME, { subscriber_id: OTHER }, { subscriber_id: TWO_SUBSCRIBERS }],
  [
    'names with an id',
    BY_ID,
    { subscriber_first_name: 'Ana', subscriber_last_name: 'Doe' },
    { subscriber_id: TWO_SUBSCRIBERS },
  ],
  [
    'a first name alone',
    BY_NAME,
    { subscriber_last_name: null },
    { subscriber_last_name: TOGETHER },
  ],
  ['a last name alone', {}, { subscriber_first_name: ' ' }, { subscriber_last_name: TOGETHER }],
  [
    'a birth with an id',
    BY_ID,
    { subscriber_date_of_birth: '1985-05-15' },
    { subscriber_date_of_birth: NO_NAMES },
  ],
  ['an end before the start', {}, { ends_on: '2025-12-31' }, { ends_on: EARLIER }],
  [
    'a start after the end',
    { ends_on: '2026-06-30' },
    { starts_on: '2026-07-01' },
    { ends_on: EARLIER },
  ],
  [
    'everything at once',
    { ends_on: '2026-06-30' },
    { plan_id: NEVER, relationship: 'self', subscriber_id: NEVER, starts_on: '2026-07-01' },
    {
      plan_id: MUST_EXIST,
      subscriber_id: [...MUST_EXIST, ...TWO_SUBSCRIBERS],
      carrier: ONE_OF_BOTH,
      relationship: IS_SELF,
      ends_on: EARLIER,
    },
  ],
]

const placed = (place: number, errors: Record<string, string[]>) =>
  Object.fromEntries(
    Object.entries(errors).map(([field, said]) => [`coverages[${place}].${field}`, said]),
  )

describe.each(RULES)('%s', (_, right, change, errors) => {
  it('is refused in a creation, in two round trips', async () => {
    const answer = await create({ ...right, ...change })

    await expectRefusal(answer, 422, errors)
    expect(answer.headers.get('x-test-d1')).toBe('2')
  })

  it('is refused together with a field that is wrong by itself, in one', async () => {
    const answer = await create({ ...right, ...change, priority: 0 })

    await expectRefusal(answer, 422, { ...errors, priority: ['must be greater than 0'] })
    expect(answer.headers.get('x-test-d1')).toBe('1')
  })

  it('is refused in an amendment of that side alone, which changes nothing', async () => {
    const made = await create(right)
    expect(made.status).toBe(201)
    const before = await jsonOf(made)

    await expectRefusal(await amend(before.id, change), 422, errors)
    await expectRefusal(await amend(before.id, { ...change, priority: 0 }), 422, {
      ...{ ...errors, priority: ['must be greater than 0'] },
    })
    expect(await stored(before.id)).toEqual(before)
  })

  it('is refused in a batch, at its place', async () => {
    const total = await clinic.total('coverages')

    const answer = await batch(right, { ...right, ...change }, right, { carrier: null })

    await expectRefusal(answer, 422, {
      ...placed(1, errors),
      ...placed(3, { plan_id: ['needs a plan_id or a carrier'] }),
    })
    expect(await clinic.total('coverages')).toBe(total)
  })

  it('is set aside by an import, which takes the others', async () => {
    const own = await aClinic()
    const rows = ['A', 'B', 'C'].map((member_id) => ({ ...right, member_id }))

    const first = await importAll(own, ...rows.with(1, { ...right, ...change, member_id: 'B' }))
    const again = await importAll(own, ...rows)

    expect(first?.refused).toEqual(new Map([[1, errors]]))
    expect(first).toMatchObject({ inserted: 2, updated: 0, unchanged: 0 })
    expect(again).toMatchObject({ inserted: 1, updated: 0, unchanged: 2 })
    // Of a record that is there already, an import changes what is not its identity.
    const names = ['patient_id', 'plan_id', 'carrier', 'starts_on']
    if (names.some((name) => name in change)) return
    const changed = await importAll(own, ...rows.with(2, { ...right, ...change, member_id: 'C' }))
    expect(changed?.refused).toEqual(new Map([[2, errors]]))
    expect(changed).toMatchObject({ inserted: 0, updated: 0, unchanged: 2 })
  })
})

describe('a right coverage', () => {
  it.each([
    ['by a plan', BY_PLAN],
    ['by a plan that is not active', { carrier: null, plan_id: 3 }],
    ['of somebody who is no patient, whose birth is known', BY_NAME],
    ['of another patient', BY_ID],
    ['of the patient', SELF],
    ['of one day', { ends_on: '2026-01-01' }],
    ['that has always been', { starts_on: null }],
    ['of any past', { starts_on: '1900-01-01', ends_on: '1900-01-01' }],
    ['of any future', { starts_on: '9999-12-31', ends_on: '9999-12-31' }],
    ['that pays last', { priority: 9 }],
  ])('%s is created, amended and answered as it was sent', async (_, fields) => {
    const sent = aCoverage(PATIENT, fields).coverage

    const made = await jsonOf(await create(fields))
    const amended = await amend(made.id, { ...sent, group_number: '7' })

    expect(made).toMatchObject({ priority: 1, ends_on: null, ...sent })
    expect(await jsonOf(amended)).toMatchObject({ ...sent, group_number: '7' })
    expect(Object.keys(made)).toEqual([
      ...['id', 'patient_id', 'plan_id', 'carrier', 'member_id', 'group_number', 'relationship'],
      ...['subscriber_id', 'subscriber_first_name', 'subscriber_last_name'],
      ...['subscriber_date_of_birth', 'priority', 'starts_on', 'ends_on'],
      ...['created_at', 'updated_at'],
    ])
  })

  it('may overlap any other, with the same priority', async () => {
    const statuses = [await create(), await create(), await create(BY_PLAN)]

    expect(statuses.map(({ status }) => status)).toEqual([201, 201, 201])
  })

  it('keeps its priority where an amendment leaves it out', async () => {
    const { id } = await jsonOf(await create({ priority: 3 }))

    expect(await jsonOf(await amend(id, { ends_on: '2026-12-31' }))).toMatchObject({ priority: 3 })
  })
})

const LIKE_AN_SSN = 'looks like an SSN; send it as the ssn of a person'
const NOT_TEXT = 'must be text, in quotes: a number loses its zeros'
const RELATIONSHIP = 'must be one of self, spouse, child, parent, other'
const BLANK = "can't be blank"

const WRONG: (readonly [field: string, value: unknown, message: string])[] = [
  ...[undefined, null, '', ' \t'].map((value) => ['member_id', value, BLANK] as const),
  ...[12345, 0, true, [], {}].map((value) => ['member_id', value, NOT_TEXT] as const),
  ...['123-45-6789', ' 123-45-6789 ', '123 45 6789', '123.45.6789', '123\u201345\u20136789'].map(
    (value) => ['member_id', value, LIKE_AN_SSN] as const,
  ),
  ['member_id', 'x'.repeat(81), 'is too long (maximum is 80 characters)'],
  ['group_number', 42, NOT_TEXT],
  ['group_number', 'x'.repeat(51), 'is too long (maximum is 50 characters)'],
  ['group_number', '123-45-6789', 'looks like an SSN'],
  ['carrier', 'x'.repeat(256), 'is too long (maximum is 255 characters)'],
  ['carrier', 7, 'is invalid'],
  ['carrier', 'two\nlines', 'is invalid'],
  ...[undefined, null, ''].map((value) => ['relationship', value, BLANK] as const),
  ...['Self', 'father', 18].map((value) => ['relationship', value, RELATIONSHIP] as const),
  ['plan_id', '7', 'is not a number: it was sent as text, in quotes'],
  ['plan_id', 0, 'must be greater than 0'],
  ['subscriber_id', 1.5, 'must be an integer'],
  ['subscriber_first_name', 5, 'is invalid'],
  ['subscriber_date_of_birth', '2999-01-01', "can't be in the future"],
  ['subscriber_date_of_birth', '15/05/1985', 'is invalid'],
  ['priority', null, BLANK],
  ['priority', 0, 'must be greater than 0'],
  ['priority', 10, 'must be less than or equal to 9'],
  ['priority', '1', 'is not a number: it was sent as text, in quotes'],
  ...['1899-12-31', '2026-02-30', '01/01/2026', '2026-1-1', 20260101, '2026-01-01T00:00:00Z'].map(
    (value) => ['starts_on', value, 'is invalid'] as const,
  ),
  ['ends_on', '1899-12-31', 'is invalid'],
  ['ends_on', '10000-01-01', 'is invalid'],
]

describe('a field', () => {
  it.each(WRONG)('%s of %j is refused', async (field, value, message) => {
    const { id } = await jsonOf(await create())

    await expectRefusal(await create({ [field]: value }), 422, { [field]: [message] })
    if (value === undefined) return
    await expectRefusal(await amend(id, { [field]: value }), 422, { [field]: [message] })
  })

  it.each([
    ['member_id', ' 00-12 345 ', '00-12 345'],
    ['member_id', '123456789', '123456789'],
    ['member_id', '1234-56-789', '1234-56-789'],
    ['group_number', ' 0042 ', '0042'],
    ['group_number', ' ', null],
    ['carrier', ' Mútua Général ', 'Mútua Général'],
  ])('%s of %j is answered as %j', async (field, sent, answered) => {
    expect(await jsonOf(await create({ [field]: sent }))).toMatchObject({ [field]: answered })
  })

  it('of the patient is fixed, and named together with what else is wrong', async () => {
    const { id } = await jsonOf(await create(BY_ID))

    await expectRefusal(await amend(id, { patient_id: OTHER }), 422, {
      patient_id: ["can't be changed"],
    })
    await expectRefusal(await create({ ...BY_ID, patient_id: 'x' }), 422, {
      patient_id: ['is not a number'],
    })
    expect((await amend(id, { patient_id: PATIENT })).status).toBe(200)
  })
})

describe('?if_exists=return', () => {
  const first = { member_id: 'HM-0012345', starts_on: '2026-01-01' }
  const open = { member_id: 'OPEN 1', starts_on: null }
  const planned = { ...BY_PLAN, member_id: 'P 1' }

  it.each<[string, Fields, Fields, number]>([
    ['the same', first, {}, 200],
    ['a member id in another case', first, { member_id: 'hm-0012345' }, 200],
    ['a member id with other blanks', first, { member_id: 'HM 001 2345' }, 200],
    ['a member id with other dashes', first, { member_id: 'HM\u20130012345' }, 200],
    ['a member id in wide letters', first, { member_id: '\uFF28\uFF2D0012345' }, 200],
    ['a carrier in another case', first, { carrier: 'HARBOR  mutual' }, 200],
    ['what is not compared', first, { group_number: '9', priority: 2, ends_on: '2026-02-01' }, 200],
    ['a member id without its zeros', first, { member_id: 'HM-12345' }, 201],
    ['a carrier with an accent', first, { carrier: 'Härbor Mutual' }, 201],
    ['another first day', first, { starts_on: '2026-01-02' }, 201],
    ['no first day', first, { starts_on: null }, 201],
    ['another patient', first, { patient_id: OTHER }, 201],
    ['a plan for the carrier', first, BY_PLAN, 201],
    ['no first day on both sides', open, {}, 200],
    ['the same plan', planned, {}, 200],
    ['another plan', planned, { plan_id: 2 }, 201],
  ])('of %s', async (_, there, change, status) => {
    const own = await aClinic()
    const send = (fields: Fields) =>
      own.post('/coverages?if_exists=return', aCoverage(PATIENT, fields))
    const made = await send(there)

    const answer = await send({ ...there, ...change })

    expect([made.status, answer.status]).toEqual([201, status])
    const [before, after] = [await made.text(), await answer.text()]
    expect(after === before).toBe(status === 200)
    // An import looks for the same.
    const { coverage } = aCoverage(PATIENT, { ...there, ...change })
    expect(await importAll(own, coverage)).toMatchObject({ inserted: 0 })
  })
})

describe('an amendment', () => {
  const amendIn = ({ token }: Clinic, fields: Fields) =>
    worker.call('PATCH', '/coverages/1', { token, body: { coverage: fields } })

  it("is judged by the record, and not by another clinic's of its id", async () => {
    const [ours, theirs] = [await aClinic(), await aClinic()]
    await ours.post('/coverages', aCoverage(PATIENT, BY_PLAN))
    await theirs.post('/coverages', aCoverage(PATIENT))

    await expectRefusal(await amendIn(ours, { plan_id: NEVER }), 422, { plan_id: MUST_EXIST })
  })

  it('from a carrier to a plan leaves nothing of the carrier to be compared', async () => {
    const own = await aClinic()
    await own.post('/coverages', aCoverage(PATIENT))
    await amendIn(own, BY_PLAN)

    const found = await own.post('/coverages?if_exists=return', aCoverage(PATIENT, BY_PLAN))

    expect(found.status).toBe(200)
  })
})

describe('the list', () => {
  listsEqualModel(worker, 20)

  const DAY = 'active_on=2026-01-01'
  it.each([
    ['active_on alone', DAY, { active_on: ['needs patient_id'] }],
    ['active_on with plan_id', `${DAY}&plan_id=1`, { active_on: ['needs patient_id'] }],
    ['a day that is none', 'patient_id=1&active_on=2026-02-30', { active_on: ['is invalid'] }],
    ['no day', 'patient_id=1&active_on=', { active_on: [BLANK] }],
    ['a plan that is no number', 'plan_id=x', { plan_id: ['is not a number'] }],
    ['a subscriber', 'subscriber_id=1', { subscriber_id: ['is not a known parameter'] }],
  ])('refuses %s', async (_, query, errors) => {
    await expectRefusal(await clinic.get(`/coverages?${query}`), 422, errors)
  })

  it('keeps the filters in its links', async () => {
    for (let n = 0; n < 2; n++) await create({ patient_id: OTHER })

    const answer = await clinic.get(`/coverages?patient_id=${OTHER}&${DAY}&page_size=1`)

    const link = answer.headers.get('Link') ?? ''
    const [, next] = /[?]([^>]*)>; rel="next"/.exec(link) ?? []
    expect(Object.fromEntries(new URLSearchParams(next))).toEqual({
      ...{ patient_id: String(OTHER), active_on: '2026-01-01', page: '2', page_size: '1' },
    })
  })

  it('of a plan that too many have is refused, and of a patient with the plan is not', async () => {
    const own = await aClinic()
    const made = await own.post('/coverages', aCoverage(PATIENT, { ...BY_PLAN, priority: 2 }))
    await own.post('/coverages', aCoverage(OTHER, BY_PLAN))
    const columns = coverages.columns.filter((name) => name !== 'id').join()
    const insert = (from: number, to: number) =>
      worker.env.DB.prepare(
        `WITH RECURSIVE n (i) AS (SELECT CAST(?1 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
         INSERT INTO coverages (clinic_id, id, ${columns})
         SELECT clinic_id, i, ${columns} FROM n JOIN coverages ON clinic_id = ?3 AND id = 1`,
      )
        .bind(from, to, own.clinicId)
        .run()
    await insert(3, 10_000)

    const most = await own.get('/coverages?plan_id=1&page_size=1&page=10000')
    await insert(10_001, 10_001)
    const over = await own.get('/coverages?plan_id=1')
    const narrowed = await own.get(`/coverages?plan_id=1&patient_id=${OTHER}`)

    expect(made.status).toBe(201)
    expect(await jsonOf(most)).toMatchObject({
      ...{ coverages: [{ id: 10_000 }], pagination: { total_count: 10_000 } },
    })
    await expectRefusal(over, 422, { plan_id: ['too many matches; add patient_id'] })
    expect(await jsonOf(narrowed)).toMatchObject({
      ...{ coverages: [{ id: 2 }], pagination: { total_count: 1 } },
    })
  })
})
