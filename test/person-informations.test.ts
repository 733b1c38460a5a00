import { describe, expect, it } from 'vitest'
import { aPersonInformation } from './support/fixtures.ts'
import { API, useWorker } from './support/worker.ts'

const worker = useWorker()

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

describe('POST /person_informations', () => {
  it('answers the published example as published', async () => {
    const clinic = await worker.clinic()
    await clinic.ownable('Patient', 1049)

    const response = await clinic.post(
      '/person_informations',
      `{
"person_information": {
"ownable_id": 1049,
"ownable_type": "Patient",
"first_name": "John",
"last_name": "Doe",
"date_of_birth": "1990-05-15",
"ssn": "123-45-6789",
"phone": "+1-555-123-4567",
"email": "[email protected]"
}
}`,
    )

    expect(response.status).toBe(201)
    const text = await response.text()
    const { id, created_at } = JSON.parse(text)
    expect(id).toBeGreaterThan(0)
    expect(created_at).toMatch(TIMESTAMP)
    expect(response.headers.get('Location')).toBe(`${API}/person_informations/${id}`)
    expect(text).toBe(
      `{"id":${id},"ownable_id":1049,"ownable_type":"Patient","first_name":"John","last_name":"Doe",` +
        `"date_of_birth":"1990-05-15","ssn":"***-**-6789","phone":"+1-555-123-4567",` +
        `"email":"[email protected]","created_at":"${created_at}","updated_at":"${created_at}"}`,
    )
  })

  it('answers with the published errors, existence included, in one answer', async () => {
    const clinic = await worker.clinic()

    const response = await clinic.post(
      '/person_informations',
      aPersonInformation(1049, { first_name: '', date_of_birth: '15/05/1990' }),
    )

    expect(response.status).toBe(422)
    expect(await response.text()).toBe(
      `{"errors":{"first_name":["can't be blank"],"date_of_birth":["is invalid"],"ownable_id":["must exist"]}}`,
    )
  })

  it('keeps names of any script, digits and punctuation as they are, trimmed', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()
    const names = ["Siobhán O'Hara-3rd", 'Đặng Thị Hoa', '王小明', 'Ali46', 'Łucja, Jr.', 'e\u0301']

    for (const name of names) {
      const response = await clinic.post(
        '/person_informations',
        aPersonInformation(ownable, { first_name: `  ${name}\t`, last_name: name }),
      )
      expect(response.status).toBe(201)
      expect(await response.json()).toMatchObject({ first_name: name, last_name: name })
    }
  })

  it('reads blank optional values as null and ignores keys that are not its own', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()

    const response = await clinic.post(
      '/person_informations',
      aPersonInformation(ownable, {
        ssn: ' ',
        phone: null,
        email: undefined,
        id: 7,
        created_at: 'never',
        updated_at: 'never',
        clinic_id: 'lakeside',
        position: 99,
      }),
    )

    expect(response.status).toBe(201)
    const created = await response.json()
    expect(created).toMatchObject({ ssn: null, phone: null, email: null })
    expect(created).not.toMatchObject({ id: 7 })
    expect(created).toHaveProperty('created_at', expect.stringMatching(TIMESTAMP))
    expect(created).not.toHaveProperty('clinic_id')
  })

  it('accepts an ownable of any registered type', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable('Billing::Account')

    const response = await clinic.post(
      '/person_informations',
      aPersonInformation(ownable, { ownable_type: 'Billing::Account' }),
    )

    expect(response.status).toBe(201)
  })

  const BLANK = "can't be blank"
  const long = (length: number) => 'é'.repeat(length)
  it.each([
    ['ownable_id', undefined, BLANK],
    ['ownable_id', null, BLANK],
    ['ownable_id', ' ', BLANK],
    ['ownable_id', '1049', 'is not a number'],
    ['ownable_id', true, 'is not a number'],
    ['ownable_id', 1.5, 'must be an integer'],
    ['ownable_id', 0, 'must be greater than 0'],
    ['ownable_id', -1049, 'must be greater than 0'],
    ['ownable_id', 2 ** 53, 'must be less than or equal to 9007199254740991'],
    ['ownable_id', 987654321, 'must exist'],
    ['ownable_type', undefined, BLANK],
    ['ownable_type', ' ', BLANK],
    ['ownable_type', 5, 'is invalid'],
    ['ownable_type', 'not a name', 'is invalid'],
    ['ownable_type', 'A'.repeat(65), 'is too long (maximum is 64 characters)'],
    ['first_name', undefined, BLANK],
    ['first_name', ' \u00a0\n', BLANK],
    ['first_name', ['Ana'], 'is invalid'],
    ['first_name', [], 'is invalid'],
    ['last_name', { length: 0 }, 'is invalid'],
    ['date_of_birth', [], 'is invalid'],
    ['email', [], 'is invalid'],
    ['first_name', 'A\u0000na', 'is invalid'],
    ['first_name', 'A\ud800na', 'is invalid'],
    ['first_name', 'A\u202ena', 'is invalid'],
    ['first_name', 'A\nna', 'is invalid'],
    ['first_name', 'A\u0085na', 'is invalid'],
    ['first_name', long(256), 'is too long (maximum is 255 characters)'],
    ['last_name', null, BLANK],
    ['last_name', {}, 'is invalid'],
    ['last_name', long(256), 'is too long (maximum is 255 characters)'],
    ['date_of_birth', undefined, BLANK],
    ['date_of_birth', '', BLANK],
    ['date_of_birth', 19900515, 'is invalid'],
    ['date_of_birth', '1990-5-15', 'is invalid'],
    ['date_of_birth', '1990-02-30', 'is invalid'],
    ['date_of_birth', '1900-02-29', 'is invalid'],
    ['date_of_birth', '1990-05-15T00:00:00Z', 'is invalid'],
    ['date_of_birth', '1899-12-31', 'is invalid'],
    ['date_of_birth', '9999-01-01', "can't be in the future"],
    ['ssn', '123-45-678', 'is invalid'],
    ['ssn', '123-456789', 'is invalid'],
    ['ssn', '***-**-6789', 'is invalid'],
    ['ssn', 123456789, 'is invalid'],
    ['ssn', '１２３４５６７８９', 'is invalid'],
    ['phone', '123456', 'is invalid'],
    ['phone', '1234567890123456', 'is invalid'],
    ['phone', 'call me', 'is invalid'],
    ['phone', '555-0123 ext 5', 'is invalid'],
    ['phone', 5550123, 'is invalid'],
    ['email', 'ana', 'is invalid'],
    ['email', 'ana@', 'is invalid'],
    ['email', 'ana@clinic', 'is invalid'],
    ['email', 'ana..maria@example.com', 'is invalid'],
    ['email', 'ana@example-.com', 'is invalid'],
    ['email', '[email  protected]', 'is invalid'],
    ['email', 7, 'is invalid'],
    ['email', `${'a'.repeat(250)}@example.com`, 'is too long (maximum is 254 characters)'],
  ])('refuses %s %j: %s', async (field, value, message) => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()

    const response = await clinic.post(
      '/person_informations',
      aPersonInformation(ownable, { [field]: value }),
    )

    expect(response.status).toBe(422)
    expect(await response.json()).toEqual({ errors: { [field]: [message] } })
  })

  it.each([
    ['first_name', long(255)],
    ['first_name', '𝒜'.repeat(255)],
    ['date_of_birth', '1900-01-01'],
    ['date_of_birth', '2000-02-29'],
    ['ssn', '000000000'],
    ['phone', '(555) 012-3456 x123'],
    ['phone', '+44 20 7946 0123'],
    ['phone', '5550123'],
    ['email', '[email protected]'],
    ['email', "o'hara+clinic@mail.example.com"],
    ['email', 'r&d@example.com'],
    ['email', 'ana@xn--e1afmkfd.xn--p1ai'],
    ['email', `${'a'.repeat(242)}@example.com`],
  ])('accepts %s %j', async (field, value) => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()

    const response = await clinic.post(
      '/person_informations',
      aPersonInformation(ownable, { [field]: value }),
    )

    expect(response.status).toBe(201)
  })

  it.each([
    ['{}'],
    ['[]'],
    ['null'],
    ['"text"'],
    ['{"person_information": null}'],
    ['{"person_information": "John"}'],
    ['{"person_information": []}'],
    ['{"dependent": {}}'],
  ])('refuses a body without its root: %s', async (body) => {
    const clinic = await worker.clinic()

    const response = await clinic.post('/person_informations', body)

    expect(response.status).toBe(422)
    expect(await response.json()).toEqual({ errors: { person_information: [BLANK] } })
  })
})

describe('GET /person_informations/{id}', () => {
  it('answers the record as it was created', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()
    const created = await clinic.post('/person_informations', aPersonInformation(ownable))
    const body = await created.text()

    const response = await worker.fetch(created.headers.get('Location') ?? '', {
      headers: { 'X-User-Token': clinic.token },
    })

    expect(response.status).toBe(200)
    expect(await response.text()).toBe(body)
  })

  it.each([
    '987654321',
    '0',
    '-1',
    'abc',
    '0x10',
    '1e3',
    '1.5',
    '99999999999999999999',
    '%00',
    '%zz',
  ])('answers 404 for %s', async (id) => {
    const clinic = await worker.clinic()

    const response = await clinic.get(`/person_informations/${id}`)

    expect(response.status).toBe(404)
    expect(await response.text()).toBe('{"errors":"Person information not found"}')
  })
})

describe('GET /person_informations', () => {
  it('lists the records of one patient, not of another ownable with its id', async () => {
    const clinic = await worker.clinic()
    const patient = await clinic.ownable('Patient', 5)
    await clinic.ownable('Account', 5)
    const other = await clinic.ownable('Patient', 6)
    await clinic.post('/person_informations', aPersonInformation(patient, { first_name: 'One' }))
    await clinic.post('/person_informations', aPersonInformation(other))
    await clinic.post('/person_informations', aPersonInformation(5, { ownable_type: 'Account' }))
    await clinic.post('/person_informations', aPersonInformation(patient, { first_name: 'Two' }))

    const response = await clinic.get('/person_informations?patient_id=5')

    expect(await response.json()).toMatchObject({
      person_informations: [{ first_name: 'One' }, { first_name: 'Two' }],
      pagination: { current_page: 1, total_pages: 1, total_count: 2, per_page: 25 },
    })
  })

  it('answers an empty list to a clinic without records and for an unknown patient', async () => {
    const clinic = await worker.clinic()

    for (const query of ['', '?patient_id=987654321']) {
      const response = await clinic.get(`/person_informations${query}`)
      expect(response.status).toBe(200)
      expect(await response.text()).toBe(
        '{"person_informations":[],"pagination":{"current_page":1,"total_pages":0,"total_count":0,"per_page":25}}',
      )
    }
  })
})
