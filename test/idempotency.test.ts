import { describe, expect, it } from 'vitest'
import { aDependent, aPersonInformation } from './support/fixtures.ts'
import { useWorker, type Clinic } from './support/worker.ts'

const worker = useWorker()

const count = async (clinic: Clinic, list: string): Promise<number> =>
  JSON.parse(await (await clinic.get(`/${list}`)).text()).pagination.total_count

const keysKept = (clinic: Clinic) =>
  worker.env.DB.prepare('SELECT count(*) AS kept FROM idempotency_keys WHERE clinic_id = ?')
    .bind(clinic.clinicId)
    .first<number>('kept')

describe.each([
  ['person_informations', aPersonInformation],
  ['dependents', aDependent],
] as const)('POST /%s with an Idempotency-Key', (list, aRecord) => {
  const key = { 'Idempotency-Key': 'order 66/é'.replace('é', 'e') }

  it('answers the same request with the first answer, and says so', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()

    const first = await clinic.post(`/${list}`, aRecord(ownable), key)
    const again = await clinic.post(`/${list}`, JSON.stringify(aRecord(ownable), null, 2), key)

    expect([first.status, again.status]).toEqual([201, 201])
    expect(await again.text()).toBe(await first.text())
    expect(first.headers.get('Idempotent-Replayed')).toBeNull()
    expect(again.headers.get('Idempotent-Replayed')).toBe('true')
    expect(again.headers.get('Location')).toBe(first.headers.get('Location'))
    expect(await count(clinic, list)).toBe(1)
  })

  it.each([{ first_name: 'Other' }, { ssn: '987-65-4329' }, { ssn: null }])(
    'refuses another request: %j',
    async (change) => {
      const clinic = await worker.clinic()
      const ownable = await clinic.ownable()
      await clinic.post(`/${list}`, aRecord(ownable), key)

      const response = await clinic.post(`/${list}`, aRecord(ownable, change), key)

      expect(response.status).toBe(422)
      expect(await response.json()).toEqual({
        errors: { 'Idempotency-Key': ['has already been used for another request'] },
      })
      expect(await count(clinic, list)).toBe(1)
    },
  )

  it('makes one record of twenty requests at once', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()

    const responses = await Promise.all(
      Array.from({ length: 20 }, () => clinic.post(`/${list}`, aRecord(ownable), key)),
    )

    const bodies = await Promise.all(responses.map((response) => response.text()))
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(bodies).size).toBe(1)
    const replayed = responses.filter(
      ({ headers }) => headers.get('Idempotent-Replayed') === 'true',
    )
    expect(replayed).toHaveLength(19)
    expect(await count(clinic, list)).toBe(1)
  })

  it('remembers no refusal', async () => {
    const clinic = await worker.clinic()

    const absent = await clinic.post(`/${list}`, aRecord(5), key)
    const invalid = await clinic.post(`/${list}`, aRecord(5, { first_name: '' }), key)
    await clinic.ownable('Patient', 5)
    const created = await clinic.post(`/${list}`, aRecord(5, { first_name: 'Later' }), key)

    expect([absent.status, invalid.status, created.status]).toEqual([422, 422, 201])
  })

  it('keeps the keys of two tokens and of two clinics apart', async () => {
    const [clinic, other] = [await worker.clinic(), await worker.clinic()]
    const ownable = await clinic.ownable()
    await other.ownable('Patient', ownable)
    const colleague = await worker.token({ clinic_id: clinic.clinicId })

    const responses = [
      await clinic.post(`/${list}`, aRecord(ownable), key),
      await worker.call('POST', `/${list}`, {
        token: colleague,
        body: aRecord(ownable),
        headers: key,
      }),
      await other.post(`/${list}`, aRecord(ownable), key),
    ]

    for (const response of responses) {
      expect(response.status).toBe(201)
      expect(response.headers.get('Idempotent-Replayed')).toBeNull()
    }
    expect(await count(clinic, list)).toBe(2)
    expect(await count(other, list)).toBe(1)
  })

  it.each([
    ['more than 255 characters', 'k'.repeat(256)],
    ['a tab', 'a\tb'],
    ['another alphabet', 'caf\u00e9'],
  ])('refuses %s, along with every other error', async (_, malformed) => {
    const clinic = await worker.clinic()
    const headers = { 'Idempotency-Key': malformed }

    const alone = await clinic.post(`/${list}`, aRecord(await clinic.ownable()), headers)
    const together = await clinic.post(`/${list}`, aRecord(9, { first_name: '' }), headers)

    expect(alone.status).toBe(422)
    expect(await alone.json()).toEqual({ errors: { 'Idempotency-Key': ['is invalid'] } })
    expect(await together.json()).toMatchObject({
      errors: {
        first_name: ["can't be blank"],
        'Idempotency-Key': ['is invalid'],
        [list === 'dependents' ? 'primary_holder_id' : 'ownable_id']: ['must exist'],
      },
    })
    expect(await count(clinic, list)).toBe(0)
  })

  it('takes a key of 255 characters', async () => {
    const clinic = await worker.clinic()

    const response = await clinic.post(`/${list}`, aRecord(await clinic.ownable()), {
      'Idempotency-Key': '~'.repeat(255),
    })

    expect(response.status).toBe(201)
  })
})

describe('an idempotency key', () => {
  it('is of one endpoint: the other refuses it', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()
    const key = { 'Idempotency-Key': 'shared' }
    await clinic.post('/dependents', aDependent(ownable), key)

    const response = await clinic.post('/person_informations', aPersonInformation(ownable), key)

    expect(response.status).toBe(422)
  })

  it('is forgotten a day later, by the hourly sweep, and not before', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()
    const key = { 'Idempotency-Key': 'daily' }
    await clinic.post('/dependents', aDependent(ownable), key)
    const age = (hours: number) =>
      worker.env.DB.prepare('UPDATE idempotency_keys SET created_at = ? WHERE clinic_id = ?')
        .bind(new Date(Date.now() - hours * 3_600_000).toISOString(), clinic.clinicId)
        .run()

    await age(23)
    await worker.sweep()
    expect(await keysKept(clinic)).toBe(1)
    await age(25)
    await worker.sweep()
    expect(await keysKept(clinic)).toBe(0)

    const anew = await clinic.post('/dependents', aDependent(ownable), key)
    expect(anew.headers.get('Idempotent-Replayed')).toBeNull()
  })

  it('holds no hash that all nine digits of an SSN went into', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()
    const key = { 'Idempotency-Key': 'masked' }
    await clinic.post('/dependents', aDependent(ownable, { ssn: '987-65-4321' }), key)

    // The same last four digits and another SSN: the fingerprint cannot tell them apart.
    const response = await clinic.post(
      '/dependents',
      aDependent(ownable, { ssn: '000-00-4321' }),
      key,
    )

    expect(response.headers.get('Idempotent-Replayed')).toBe('true')
  })
})
