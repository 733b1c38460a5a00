import { beforeAll, describe, expect, it } from 'vitest'
import { expectRefusal } from './support/expect.ts'
import { aDependent } from './support/fixtures.ts'
import { useWorker, type Clinic } from './support/worker.ts'

const worker = useWorker()

/** A clinic of which nothing is asked but whether it may create what it sends. */
let sender: Clinic
let holder: number
beforeAll(async () => {
  sender = await worker.clinic()
  holder = await sender.ownable()
})

/** Sends one that is right in all but the fields given. */
const create = (fields: Record<string, unknown>) =>
  sender.post('/dependents', aDependent(holder, fields))

const NO_SSN = 'is invalid: it takes nine digits, alone or in groups of 3, 2 and 4'

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
      const response = await create({ relationship })

      expect(response.status).toBe(201)
      expect(await response.json()).toMatchObject({ relationship })
    },
  )

  it('refuses a primary holder that is an ownable but not a patient', async () => {
    const clinic = await worker.clinic()
    const account = await clinic.ownable('Account')

    const response = await clinic.post('/dependents', aDependent(account))

    await expectRefusal(response, 422, { primary_holder_id: ['must exist'] })
  })

  it.each([
    ['first_name', 'blank', ' ', "can't be blank"],
    ['last_name', 'left out', undefined, "can't be blank"],
    ['date_of_birth', 'of a thirteenth month', '2010-13-01', 'is invalid'],
    ['date_of_birth', 'in the future', '2999-01-01', "can't be in the future"],
    ['relationship', 'null', null, "can't be blank"],
    ['relationship', 'empty', '', "can't be blank"],
    ['relationship', 'in capitals', 'Child', 'must be one of spouse, child, parent, other'],
    ['relationship', 'unknown', 'cousin', 'must be one of spouse, child, parent, other'],
    ['relationship', 'a number', 3, 'must be one of spouse, child, parent, other'],
    ['ssn', 'a digit short', '12345678', NO_SSN],
  ])('refuses %s when it is %s', async (field, _, value, message) => {
    const response = await create({ [field]: value })

    await expectRefusal(response, 422, { [field]: [message] })
  })

  it('names everything that is wrong at once', async () => {
    const clinic = await worker.clinic()

    const response = await clinic.post('/dependents', {
      dependent: { primary_holder_id: 987654321, relationship: 'cousin', ssn: 'x' },
    })

    await expectRefusal(response, 422, {
      first_name: ["can't be blank"],
      last_name: ["can't be blank"],
      date_of_birth: ["can't be blank"],
      relationship: ['must be one of spouse, child, parent, other'],
      ssn: [NO_SSN],
      primary_holder_id: ['must exist'],
    })
  })
})
