import { describe, expect, it } from 'vitest'
import { aDependent } from './support/fixtures.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()

describe('POST /dependents', () => {
  it('answers the published example as published', async () => {
    const clinic = await worker.clinic()
    await clinic.ownable('Patient', 1049)

    const response = await clinic.post(
      '/dependents',
      `{
"dependent": {
"primary_holder_id": 1049,
"first_name": "Jane",
"last_name": "Doe",
"date_of_birth": "2010-03-20",
"relationship": "child",
"ssn": "987-65-4321"
}
}`,
    )

    expect(response.status).toBe(201)
    const text = await response.text()
    const { id, created_at } = JSON.parse(text)
    expect(text).toBe(
      `{"id":${id},"primary_holder_id":1049,"first_name":"Jane","last_name":"Doe",` +
        `"date_of_birth":"2010-03-20","relationship":"child","ssn":"***-**-4321",` +
        `"created_at":"${created_at}","updated_at":"${created_at}"}`,
    )
  })

  it.each(['spouse', 'child', 'parent', 'other'])(
    'accepts the relationship %s',
    async (relationship) => {
      const clinic = await worker.clinic()
      const holder = await clinic.ownable()

      const response = await clinic.post('/dependents', aDependent(holder, { relationship }))

      expect(response.status).toBe(201)
      expect(await response.json()).toMatchObject({ relationship })
    },
  )

  it('refuses a primary holder that is an ownable but not a patient', async () => {
    const clinic = await worker.clinic()
    const account = await clinic.ownable('Account')

    const response = await clinic.post('/dependents', aDependent(account))

    expect(response.status).toBe(422)
    expect(await response.json()).toEqual({ errors: { primary_holder_id: ['must exist'] } })
  })

  it.each([
    ['primary_holder_id', null, "can't be blank"],
    ['primary_holder_id', '7', 'is not a number'],
    ['primary_holder_id', 7.5, 'must be an integer'],
    ['primary_holder_id', 0, 'must be greater than 0'],
    ['primary_holder_id', 987654321, 'must exist'],
    ['first_name', ' ', "can't be blank"],
    ['last_name', undefined, "can't be blank"],
    ['date_of_birth', '2010-13-01', 'is invalid'],
    ['date_of_birth', '2999-01-01', "can't be in the future"],
    ['relationship', null, "can't be blank"],
    ['relationship', '', "can't be blank"],
    ['relationship', 'Child', 'is not included in the list'],
    ['relationship', 'cousin', 'is not included in the list'],
    ['relationship', 3, 'is not included in the list'],
    ['ssn', '12345678', 'is invalid'],
  ])('refuses %s %j: %s', async (field, value, message) => {
    const clinic = await worker.clinic()
    const holder = await clinic.ownable()

    const response = await clinic.post('/dependents', aDependent(holder, { [field]: value }))

    expect(response.status).toBe(422)
    expect(await response.json()).toEqual({ errors: { [field]: [message] } })
  })

  it('names everything that is wrong at once', async () => {
    const clinic = await worker.clinic()

    const response = await clinic.post('/dependents', {
      dependent: { primary_holder_id: 987654321, relationship: 'cousin', ssn: 'x' },
    })

    expect(response.status).toBe(422)
    expect(await response.json()).toEqual({
      errors: {
        first_name: ["can't be blank"],
        last_name: ["can't be blank"],
        date_of_birth: ["can't be blank"],
        relationship: ['is not included in the list'],
        ssn: ['is invalid'],
        primary_holder_id: ['must exist'],
      },
    })
  })

  it('refuses a body without its root', async () => {
    const clinic = await worker.clinic()

    const response = await clinic.post('/dependents', {})

    expect(response.status).toBe(422)
    expect(await response.json()).toEqual({ errors: { dependent: ["can't be blank"] } })
  })
})

describe('GET /dependents', () => {
  it('lists the dependents of one primary holder', async () => {
    const clinic = await worker.clinic()
    const holder = await clinic.ownable()
    const other = await clinic.ownable()
    await clinic.post('/dependents', aDependent(holder, { first_name: 'One' }))
    await clinic.post('/dependents', aDependent(other))
    await clinic.post('/dependents', aDependent(holder, { first_name: 'Two', ssn: null }))

    const response = await clinic.get(`/dependents?primary_holder_id=${holder}`)

    expect(await response.json()).toMatchObject({
      dependents: [
        { first_name: 'One', ssn: '***-**-4320' },
        { first_name: 'Two', ssn: null },
      ],
      pagination: { current_page: 1, total_pages: 1, total_count: 2, per_page: 25 },
    })
  })
})
