import { beforeAll, describe, expect, it } from 'vitest'
import { somePlans } from './support/fixtures.ts'
import { useWorker, type Clinic } from './support/worker.ts'

const worker = useWorker()
let clinic: Clinic
beforeAll(async () => {
  await worker.publish(somePlans(3, (n) => (n === 1 ? { carrier: 'Solène Santé' } : {})))
  clinic = await worker.clinic()
  await clinic.ownable('Patient', 1049)
  for (const body of [person({}), person({ first_name: 'Jack', last_name: "O'Neil" })]) {
    await clinic.post('/person_informations', body)
  }
})

type Body = Record<string, unknown> | unknown[] | string

const fields = {
  ownable_id: 1049,
  ownable_type: 'Patient',
  first_name: 'John',
  last_name: 'Doe',
  date_of_birth: '1990-05-15',
}
const person = (changes: Body) => ({ person_information: { ...fields, ...Object(changes) } })
const dependent = (changes: Body) => ({
  dependent: {
    primary_holder_id: 1049,
    first_name: 'Jane',
    last_name: 'Doe',
    date_of_birth: '2010-03-20',
    relationship: 'child',
    ...Object(changes),
  },
})

const PEOPLE = '/person_informations'
const FORM = 'application/x-www-form-urlencoded'
const MEANT = 'did you mean'
const NO_WRAPPER = String.raw`{"errors":{"person_information":["can't be blank: send {\"person_information\": {…}}"]}}`
const AT = `${MEANT} /v1/clinic/insurances`

/** What people send by mistake, and what they are told: a status, and words of the answer that name the remedy. */
const MISTAKES: [string, string, string, Body | undefined, number, string, object?][] = [
  // Parameters.
  ['camelCase', 'GET', `${PEOPLE}?patientId=1049`, undefined, 422, `${MEANT} patient_id?`],
  ['a capital', 'GET', `${PEOPLE}?Patient_id=1049`, undefined, 422, `${MEANT} patient_id?`],
  ['brackets', 'GET', `${PEOPLE}?patient_id[]=1049`, undefined, 422, `${MEANT} patient_id?`],
  ['a hyphen', 'GET', `${PEOPLE}?patient-id=1049`, undefined, 422, `${MEANT} patient_id?`],
  ['a typo', 'GET', `${PEOPLE}?patint_id=1049`, undefined, 422, `${MEANT} patient_id?`],
  ['a plural', 'GET', `${PEOPLE}?patient_ids=1049`, undefined, 422, `${MEANT} patient_id?`],
  [
    'a field for a filter',
    'GET',
    `${PEOPLE}?last_name=Doe`,
    undefined,
    422,
    'use POST on the path with /search behind it',
  ],
  ['per_page', 'GET', `${PEOPLE}?per_page=50`, undefined, 422, `${MEANT} page_size?`],
  ['limit', 'GET', `${PEOPLE}?limit=50`, undefined, 422, `${MEANT} page_size?`],
  ['a cache buster', 'GET', `${PEOPLE}?_=1700000000`, undefined, 422, '"_":["is not a known'],
  ['pageSize', 'GET', `${PEOPLE}?pageSize=50`, undefined, 422, `${MEANT} page_size?`],
  ['page 0', 'GET', `${PEOPLE}?page=0`, undefined, 422, 'must be greater than 0'],
  ['a page past the end', 'GET', `${PEOPLE}?page=99`, undefined, 200, '"total_count":'],
  [
    'a page too large',
    'GET',
    `${PEOPLE}?page_size=500`,
    undefined,
    422,
    'less than or equal to 100',
  ],
  ['an empty filter', 'GET', `${PEOPLE}?patient_id=`, undefined, 422, 'is not a number'],
  ['null for a filter', 'GET', `${PEOPLE}?patient_id=null`, undefined, 422, 'is not a number'],
  ['undefined for one', 'GET', `${PEOPLE}?patient_id=undefined`, undefined, 422, 'is not a number'],
  ['a filter twice', 'GET', `${PEOPLE}?patient_id=1&patient_id=2`, undefined, 422, 'patient_id'],
  [
    'the holder of a person',
    'GET',
    '/dependents?patient_id=1049',
    undefined,
    422,
    `${MEANT} primary_holder_id?`,
  ],
  [
    'an owner for a filter',
    'GET',
    `${PEOPLE}?ownable_id=1049`,
    undefined,
    422,
    `${MEANT} patient_id?`,
  ],
  [
    'an owner of a dependent',
    'GET',
    '/dependents?ownable_id=1',
    undefined,
    422,
    `${MEANT} primary_holder_id?`,
  ],
  ['offset', 'GET', `${PEOPLE}?offset=50`, undefined, 422, `${MEANT} page?`],
  ['since', 'GET', '/changes?since=5', undefined, 422, `${MEANT} after?`],
  ['type of a plan', 'GET', '/plans?type=PPO', undefined, 422, `${MEANT} plan_type?`],
  ['holder_id', 'GET', '/dependents?holder_id=1049', undefined, 422, `${MEANT} primary_holder_id?`],
  ['active=yes', 'GET', '/plans?active=yes', undefined, 422, 'must be one of true, false, 1, 0'],
  ['q', 'GET', '/plans?q=harbor', undefined, 422, `${MEANT} search?`],
  ['sort', 'GET', '/plans?sort=name', undefined, 422, `${MEANT} sort_by?`],
  ['sort_by=name', 'GET', '/plans?sort_by=name', undefined, 422, 'must be one of id, plan_name'],
  ['sort_dir=down', 'GET', '/plans?sort_dir=down', undefined, 422, 'must be one of ASC, DESC'],
  ['sort_dir=desc', 'GET', '/plans?sort_dir=desc', undefined, 200, '"total_count":3'],
  ['planType', 'GET', '/plans?planType=PPO', undefined, 422, `${MEANT} plan_type?`],
  ['another case', 'GET', '/plans?plan_type=ppo', undefined, 200, '"total_count":3'],
  ['another case of é', 'GET', '/plans?carrier=SOLÈNE%20SANTÉ', undefined, 200, '"total_count":1'],
  ['é in two parts', 'GET', '/plans?carrier=Sole%CC%80ne+Sante%CC%81', undefined, 200, 'count":1'],
  // Fields.
  ['phone_number', 'POST', PEOPLE, person({ phone_number: '1' }), 422, `${MEANT} phone?`],
  ['SSN', 'POST', PEOPLE, person({ SSN: '123456789' }), 422, `${MEANT} ssn?`],
  ['e_mail', 'POST', PEOPLE, person({ e_mail: 'a@b.co' }), 422, `${MEANT} email?`],
  ['firstName', 'POST', PEOPLE, person({ firstName: 'John' }), 422, `${MEANT} first_name?`],
  ['dob', 'POST', PEOPLE, person({ dob: '1990-05-15' }), 422, `${MEANT} date_of_birth?`],
  ['an id as text', 'POST', PEOPLE, person({ ownable_id: '1049' }), 422, 'sent as text, in quotes'],
  ['a small class', 'POST', PEOPLE, person({ ownable_type: 'patient' }), 422, 'such as Patient'],
  [
    'an unknown owner',
    'POST',
    PEOPLE,
    person({ ownable_id: 7 }),
    422,
    '"ownable_id":["must exist"]',
  ],
  ['a US date', 'POST', PEOPLE, person({ date_of_birth: '05/15/1990' }), 422, 'is invalid'],
  [
    'a timestamp',
    'POST',
    PEOPLE,
    person({ date_of_birth: '1990-05-15T00:00:00Z' }),
    422,
    'invalid',
  ],
  [
    'a birth to come',
    'POST',
    PEOPLE,
    person({ date_of_birth: '2999-01-01' }),
    422,
    "can't be in the",
  ],
  [
    'eight digits',
    'POST',
    PEOPLE,
    person({ ssn: '12345678' }),
    422,
    '"ssn":["is invalid: it takes nine digits',
  ],
  [
    'a mask',
    'POST',
    PEOPLE,
    person({ ssn: '***-**-6789' }),
    422,
    '"ssn":["is invalid: it takes nine digits',
  ],
  ['x44', 'POST', PEOPLE, person({ phone: '555-123-4567 x44' }), 201, 'x44'],
  ['ext 44', 'POST', PEOPLE, person({ phone: '555-123-4567 ext 44' }), 201, 'ext 44'],
  ['ext. 44', 'POST', PEOPLE, person({ phone: '(555) 123-4567 ext. 44' }), 201, 'ext. 44'],
  ['#44', 'POST', PEOPLE, person({ phone: '+1.555.123.4567 #44' }), 201, '#44'],
  ['spaces around', 'POST', PEOPLE, person({ first_name: ' Jo ' }), 201, '"first_name":"Jo"'],
  ['a blank e-mail', 'POST', PEOPLE, person({ email: '' }), 201, '"email":null'],
  ['all that was read', 'POST', PEOPLE, person({ id: 1, created_at: 'x' }), 201, '"id":'],
  [
    'Child',
    'POST',
    '/dependents',
    dependent({ relationship: 'Child' }),
    422,
    'spouse, child, parent',
  ],
  [
    'holder',
    'POST',
    '/dependents',
    dependent({ holder_id: 1 }),
    422,
    `${MEANT} primary_holder_id?`,
  ],
  ['patient_id', 'POST', PEOPLE, person({ patient_id: 1 }), 422, `${MEANT} ownable_id?`],
  [
    'ownable_id',
    'POST',
    '/dependents',
    dependent({ ownable_id: 1 }),
    422,
    `${MEANT} primary_holder_id?`,
  ],
  ['type', 'POST', PEOPLE, person({ type: 'Patient' }), 422, `${MEANT} ownable_type?`],
  // Bodies.
  ['no wrapper', 'POST', PEOPLE, fields, 422, NO_WRAPPER],
  [
    'a list without one',
    'POST',
    `${PEOPLE}/batch`,
    [fields],
    422,
    'send {\\"person_informations\\": […]}',
  ],
  [
    'one record for a batch',
    'POST',
    `${PEOPLE}/batch`,
    fields,
    422,
    'send {\\"person_informations\\": […]}',
  ],
  ['no fields', 'POST', PEOPLE, {}, 422, `{"errors":{"person_information":["can't be blank"]}}`],
  ['another wrapper', 'POST', PEOPLE, { person: fields }, 422, "can't be blank"],
  ['a sibling', 'POST', PEOPLE, { ...person({}), utf8: '✓' }, 422, '"utf8":["is not a known field'],
  ['a comma too many', 'POST', PEOPLE, '{"person_information": {},}', 400, 'line 1, column 27'],
  ['single quotes', 'POST', PEOPLE, "{'person_information': {}}", 400, 'line 1, column 2'],
  ['an empty body', 'POST', PEOPLE, '', 400, 'not valid JSON'],
  ['a form', 'POST', PEOPLE, 'a=b', 415, 'must be application/json', { 'Content-Type': FORM }],
  [
    'Latin-1',
    'POST',
    PEOPLE,
    person({}),
    415,
    'must be UTF-8',
    { 'Content-Type': 'application/json; charset=iso-8859-1' },
  ],
  [
    'a batch of none',
    'POST',
    `${PEOPLE}/batch`,
    { person_informations: [] },
    422,
    "can't be blank",
  ],
  [
    'one wrong in a batch',
    'POST',
    `${PEOPLE}/batch`,
    { person_informations: [fields, { ...fields, first_name: '' }] },
    422,
    'person_informations[1].first_name',
  ],
  ['if_exists=true', 'POST', `${PEOPLE}?if_exists=true`, person({}), 422, 'must be return'],
  ['ifExists', 'POST', `${PEOPLE}?ifExists=return`, person({}), 422, `${MEANT} if_exists?`],
  // Amendments and search.
  [
    'another owner',
    'PATCH',
    `${PEOPLE}/1`,
    { person_information: { ownable_id: 1050 } },
    422,
    `can't be changed`,
  ],
  [
    'another mask',
    'PUT',
    `${PEOPLE}/1`,
    { person_information: { ssn: '***-**-0000' } },
    422,
    '"ssn":["is invalid"]',
  ],
  [
    'an old ETag',
    'PATCH',
    `${PEOPLE}/1`,
    { person_information: { phone: null } },
    412,
    'has been changed since you read it',
    { 'If-Match': '"old.1"' },
  ],
  [
    'a first name alone',
    'POST',
    `${PEOPLE}/search`,
    { search: { first_name: 'J' } },
    422,
    'needs a',
  ],
  [
    'a search unwrapped',
    'POST',
    `${PEOPLE}/search`,
    { last_name: 'Doe' },
    422,
    'send {\\"search\\": {…}}',
  ],
  ['no apostrophe', 'POST', `${PEOPLE}/search`, { search: { last_name: 'oneil' } }, 200, "O'Neil"],
  ['an after too far', 'GET', '/changes?after=99999', undefined, 422, 'start again from 0'],
  // Paths and methods.
  [
    'a slash behind',
    'GET',
    `${PEOPLE}/`,
    undefined,
    404,
    `${MEANT} /v1/clinic/insurances${PEOPLE}?`,
  ],
  ['.json', 'GET', `${PEOPLE}.json`, undefined, 404, `${AT}${PEOPLE}?`],
  ['a singular', 'GET', '/plan', undefined, 404, `${AT}/plans?`],
  ['hyphens', 'GET', '/person-informations/1', undefined, 404, `${AT}/person_informations/1?`],
  ['capitals', 'GET', '/Plans', undefined, 404, `${AT}/plans?`],
  ['two slashes', 'GET', '//plans', undefined, 404, `${AT}/plans?`],
  ['no type', 'POST', '/ownables', {}, 404, `${AT}/ownables/{ownable_type}?`],
  ['another word', 'GET', '/insurers', undefined, 404, '{"errors":"Not found"}'],
  ['no such record', 'GET', `${PEOPLE}/999`, undefined, 404, 'Person information not found'],
  ['an id of text', 'GET', `${PEOPLE}/abc`, undefined, 404, 'Person information not found'],
  ['DELETE of all', 'DELETE', PEOPLE, undefined, 405, 'Method not allowed'],
  ['POST of an ownable', 'POST', '/ownables/Patient/1', {}, 405, 'Method not allowed'],
  ['patient in a path', 'PUT', '/ownables/patient/1', undefined, 422, 'begin with a capital'],
]

describe('mistakes that people make', () => {
  it('are many', () => expect(MISTAKES.length).toBeGreaterThanOrEqual(60))

  it.each(MISTAKES)('%s: %s %s', async (_, method, path, body, status, remedy, headers = {}) => {
    const { token } = clinic
    const answer = await worker.call(method, path, { token, body, headers: { ...headers } })

    expect(await answer.text()).toContain(remedy)
    expect(answer.status).toBe(status)
  })

  it.each([
    ['/person_informations', '/v1/clinic/insurances/person_informations'],
    ['/clinic/insurances/plans', '/v1/clinic/insurances/plans'],
  ])('a path without its beginning: %s', async (path, meant) => {
    const answer = await worker.fetch(path)

    expect(await answer.json()).toEqual({ errors: `Not found: did you mean ${meant}?` })
    expect(answer.status).toBe(404)
  })

  it('a token without the scope', async () => {
    const token = await worker.token({ clinic_id: clinic.clinicId, scopes: ['plans:read'] })

    const answer = await worker.call('GET', PEOPLE, { token })

    expect(await answer.json()).toEqual({ errors: 'Your token lacks a scope: insurances:read' })
    expect(answer.status).toBe(403)
  })

  it('a token in another header: the answer names the right one', async () => {
    const headers = { Authorization: `Bearer ${clinic.token}` }

    const answer = await worker.fetch('/v1/clinic/insurances/plans', { headers })

    expect(answer.headers.get('WWW-Authenticate')).toContain('X-User-Token')
    expect(answer.status).toBe(401)
  })
})
