import { beforeAll, describe, expect, it } from 'vitest'
import { expectRefusal } from './support/expect.ts'
import { aPersonInformation } from './support/fixtures.ts'
import { useWorker, type Clinic } from './support/worker.ts'

const worker = useWorker()

/** A clinic of which nothing is asked but whether it may create what it sends. */
let sender: Clinic
let ownable: number
beforeAll(async () => {
  sender = await worker.clinic()
  ownable = await sender.ownable()
})

/** Sends one that is right in all but the fields given. */
const create = (fields: Record<string, unknown>) =>
  sender.post('/person_informations', aPersonInformation(ownable, fields))

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

  it('reads blank optional values as null', async () => {
    const response = await create({ ssn: ' ', phone: null, email: undefined })

    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({ ssn: null, phone: null, email: null })
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
  const INVALID = 'is invalid'
  const NO_SSN = 'is invalid: it takes nine digits, alone or in groups of 3, 2 and 4'
  const NO_PHONE =
    'is invalid: it takes 7 to 15 digits with + ( ) . - / and spaces, and an extension such as x44'
  const NO_EMAIL = 'is invalid: it takes an address such as ana@example.com'
  const LIKE_AN_SSN = 'looks like an SSN'
  const tooLong = (maximum: number) => `is too long (maximum is ${maximum} characters)`

  it.each([
    ['ownable_type', 'left out', undefined, BLANK],
    ['ownable_type', 'blank', ' ', BLANK],
    ['ownable_type', 'a number', 5, INVALID],
    ['ownable_type', 'no class name', 'not a name', INVALID],
    ['ownable_type', 'of 65 letters', 'A'.repeat(65), tooLong(64)],
    ['first_name', 'left out', undefined, BLANK],
    ['first_name', 'blank in Unicode', ' \u00a0\n', BLANK],
    ['first_name', 'a list', ['Ana'], INVALID],
    ['first_name', 'an empty list', [], INVALID],
    ['first_name', 'text with a NUL', 'A\u0000na', INVALID],
    ['first_name', 'text with half a surrogate pair', 'A\ud800na', INVALID],
    ['first_name', 'text that turns its direction', 'A\u202ena', INVALID],
    ['first_name', 'on two lines', 'A\nna', INVALID],
    ['first_name', 'text with a control character', 'A\u0085na', INVALID],
    ['first_name', 'of 256 characters', 'é'.repeat(256), tooLong(255)],
    ['first_name', 'all that does not show', '\u200b\u00ad \u3164\u2060\u2800', BLANK],
    ['first_name', 'on two lines of Unicode', 'A\u2028na', INVALID],
    ['first_name', 'in two paragraphs', 'A\u2029na', INVALID],
    ['first_name', 'text with a noncharacter', 'A\ufdd0na', INVALID],
    ['first_name', 'text with what is no character yet', 'A\u0378na', INVALID],
    ['first_name', 'an SSN', '123-45-6789', LIKE_AN_SSN],
    ['last_name', 'a name with an SSN', 'Roe (123 45 6789)', LIKE_AN_SSN],
    ['last_name', 'an SSN in other digits and dashes', '１２３–４５–６７８９', LIKE_AN_SSN],
    ['last_name', 'an SSN with what does not show in it', '123-45-\u200b6789', LIKE_AN_SSN],
    ['last_name', 'null', null, BLANK],
    ['last_name', 'an object', {}, INVALID],
    ['last_name', 'an object with a length', { length: 0 }, INVALID],
    ['last_name', 'of 256 characters', 'é'.repeat(256), tooLong(255)],
    ['date_of_birth', 'left out', undefined, BLANK],
    ['date_of_birth', 'empty', '', BLANK],
    ['date_of_birth', 'an empty list', [], INVALID],
    ['date_of_birth', 'a number', 19900515, INVALID],
    ['date_of_birth', 'without leading noughts', '1990-5-15', INVALID],
    ['date_of_birth', 'no day of its month', '1990-02-30', INVALID],
    ['date_of_birth', 'no day of its year', '1900-02-29', INVALID],
    ['date_of_birth', 'a time', '1990-05-15T00:00:00Z', INVALID],
    ['date_of_birth', 'before 1900', '1899-12-31', INVALID],
    ['date_of_birth', 'in the future', '9999-01-01', "can't be in the future"],
    ['ssn', 'a digit short', '123-45-678', NO_SSN],
    ['ssn', 'a dash short', '123-456789', NO_SSN],
    ['ssn', 'masked', '***-**-6789', NO_SSN],
    ['ssn', 'a number', 123456789, NO_SSN],
    ['ssn', 'in other digits', '１２３４５６７８９', NO_SSN],
    ['phone', 'of six digits', '123456', NO_PHONE],
    ['phone', 'of sixteen digits', '1234567890123456', NO_PHONE],
    ['phone', 'no number', 'call me', NO_PHONE],
    ['phone', 'a number whose extension has seven digits', '555-0123 x1234567', NO_PHONE],
    ['phone', 'no text', 5550123, NO_PHONE],
    ['phone', 'an SSN', '123-45-6789', LIKE_AN_SSN],
    ['phone', 'an SSN with dots', '123.45.6789', LIKE_AN_SSN],
    ['phone', 'an SSN with typographic dashes', ' 123–45–6789', LIKE_AN_SSN],
    ['phone', 'of 256 characters', '5550123'.padStart(256, '('), tooLong(255)],
    ['email', 'a word', 'ana', NO_EMAIL],
    ['email', 'without a domain', 'ana@', NO_EMAIL],
    ['email', 'without a top-level domain', 'ana@clinic', NO_EMAIL],
    ['email', 'with two dots together', 'ana..maria@example.com', NO_EMAIL],
    ['email', 'with a hyphen at the end of a label', 'ana@example-.com', NO_EMAIL],
    ['email', 'almost the placeholder', '[email  protected]', NO_EMAIL],
    ['email', 'an SSN', '123-45-6789', LIKE_AN_SSN],
    ['email', 'with an SSN', 'ana.123-45-6789@example.com', LIKE_AN_SSN],
    ['email', 'with two @', 'ana@b@example.com', NO_EMAIL],
    ['email', 'at a number', 'ana@10.0.0.1', NO_EMAIL],
    ['email', 'no text', 7, NO_EMAIL],
    ['email', 'an empty list', [], NO_EMAIL],
    ['email', 'of 255 characters', `${'a'.repeat(243)}@example.com`, tooLong(254)],
  ])('refuses %s when it is %s', async (field, _, value, message) => {
    const response = await create({ [field]: value })

    await expectRefusal(response, 422, { [field]: [message] })
  })

  it.each([
    ['first_name', 'of 255 characters', 'é'.repeat(255)],
    ['first_name', 'of 255 characters outside the first plane', '𝒜'.repeat(255)],
    ['first_name', 'with punctuation and digits', "Siobhán O'Hara-3rd"],
    ['first_name', 'in Vietnamese', 'Đặng Thị Hoa'],
    ['first_name', 'in Chinese', '王小明'],
    ['last_name', 'a word and a number', 'Ali46'],
    ['last_name', 'with a suffix', 'Łucja, Jr.'],
    ['last_name', 'of a letter and an accent', 'e\u0301'],
    ['date_of_birth', 'the first of 1900', '1900-01-01'],
    ['date_of_birth', 'a leap day', '2000-02-29'],
    ['phone', 'with an extension', '(555) 012-3456 x123'],
    ['phone', 'with an extension after x', '555-0123 x44'],
    ['phone', 'with an extension after ext', '555-0123 ext 44'],
    ['phone', 'with an extension after ext.', '555-0123 ext. 44'],
    ['phone', 'with an extension after a hash', '555-0123 #44'],
    ['phone', 'with spaces', '+44 20 7946 0123'],
    ['phone', 'with a slash', '+49 4312 / 777 777'],
    ['phone', 'of an area and a number', '030/123456'],
    ['phone', 'with an extension in full', '608-271-9000 extension 11'],
    ['phone', 'with an extension as in a tel: URI', '608-271-9000;ext=11'],
    ['phone', 'of nine bare digits', '123456789'],
    ['phone', 'of three, two and four digits after a plus', '+123-45-6789'],
    ['phone', 'of seven digits', '5550123'],
    ['phone', 'of 255 characters', '5550123'.padStart(255, '(')],
    ['email', 'the placeholder', '[email protected]'],
    ['email', 'with punctuation', "o'hara+clinic@mail.example.com"],
    ['email', 'with an ampersand', 'r&d@example.com'],
    ['email', 'at an international domain', 'ana@xn--e1afmkfd.xn--p1ai'],
    ['email', 'at a domain in German', 'user@müller.de'],
    ['email', 'in Japanese', '用户@例え.jp'],
    ['email', 'at a top-level domain in Cyrillic', 'ana@пример.рф'],
    ['email', 'in capitals, the domain too', 'Ana.Doe@EXAMPLE.COM'],
    ['email', 'of 254 characters', `${'a'.repeat(242)}@example.com`],
  ])('keeps %s as sent, but trimmed, when it is %s', async (field, _, value) => {
    const response = await create({ [field]: `  ${value}\t` })

    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({ [field]: value })
  })

  it.each([
    ['06\u00a012\u00a034\u00a056\u00a078', '06 12 34 56 78'],
    ['555‑123‑4567', '555-123-4567'],
    ['(555) 012—3456', '(555) 012-3456'],
    ['\u202a+1 555−012−3456\u202c', '+1 555-012-3456'],
  ])('keeps the phone %s with plain signs', async (sent, kept) => {
    expect(await (await create({ phone: sent })).json()).toMatchObject({ phone: kept })
  })

  it.each(['123 45 6789', '123.45.6789', '123–45–6789'])('takes the SSN %s', async (ssn) => {
    expect(await (await create({ ssn })).json()).toMatchObject({ ssn: '***-**-6789' })
  })

  it('takes an SSN of nine noughts', async () => {
    expect(await (await create({ ssn: '000000000' })).json()).toMatchObject({ ssn: '***-**-0000' })
  })
})

describe('GET /person_informations', () => {
  it('lists the records of one patient, not of another ownable with its id', async () => {
    const clinic = await worker.clinic()
    for (const type of ['Patient', 'Account']) {
      await clinic.ownable(type, 5)
      const body = aPersonInformation(5, { ownable_type: type })
      expect((await clinic.post('/person_informations', body)).status).toBe(201)
    }

    const response = await clinic.get('/person_informations?patient_id=5')

    expect(await response.json()).toMatchObject({
      person_informations: [{ ownable_type: 'Patient' }],
      pagination: { total_count: 1 },
    })
  })
})
