import { factory } from '../factory.ts'
import { BLANK, INVALID, MUST_EXIST, NOT_A_NUMBER } from '../fields/messages.ts'
import { requireScope } from '../http/authenticate.ts'
import { ApiError } from '../http/errors.ts'
import { idempotencyKey, inserted } from '../http/idempotency.ts'
import { jsonText } from '../http/json-answer.ts'
import { paginated, pageRequest } from '../http/pagination.ts'
import { requireJson } from '../http/require-json.ts'
import { validateBody, validateQuery } from '../http/validate.ts'
import { describe } from '../openapi/describe.ts'
import { ownableExists } from '../ownables/queries.ts'
import { sealSsn } from '../ssn/seal.ts'
import {
  findPersonInformation,
  insertPersonInformation,
  listPersonInformations,
} from './queries.ts'
import {
  namedOwnable,
  newPersonInformation,
  personInformation,
  personInformationList,
  personInformationPath,
  personInformationsFilter,
} from './schema.ts'

const ownableMustExist = { ownable_id: [MUST_EXIST] }
const NOT_FOUND = 'Person information not found'

const notFound = () => new ApiError(404, NOT_FOUND)

export const personInformations = factory
  .createApp()
  .get(
    '/',
    describe({
      id: 'listPersonInformations',
      tag: 'Person informations',
      summary: 'List person informations',
      description: "Your clinic's records in the order of their making, a page at a time.",
      answers: {
        200: { description: 'A page of records.', body: personInformationList, headers: ['Link'] },
      },
      invalid: { patient_id: [NOT_A_NUMBER] },
    }),
    requireScope('insurances:read'),
    validateQuery(personInformationsFilter),
    async (c) => {
      const query = c.req.valid('query')

      const page = await listPersonInformations(c.get('db'), c.get('caller').clinicId, {
        ...pageRequest(query),
        patientId: query.patient_id,
      })

      return paginated(c, 'person_informations', page, query)
    },
  )
  .get(
    '/:id',
    describe({
      id: 'getPersonInformation',
      tag: 'Person informations',
      summary: 'Get a person information',
      path: personInformationPath,
      answers: {
        200: { description: 'The record.', body: personInformation },
        404: { description: 'There is no such record in your clinic.', refusal: NOT_FOUND },
      },
    }),
    requireScope('insurances:read'),
    async (c) => {
      const { data: path } = personInformationPath.safeParse(c.req.param())
      if (!path) throw notFound()
      c.set('recordIds', [path.id])

      const found = await findPersonInformation(c.get('db'), c.get('caller').clinicId, path.id)
      if (!found) throw notFound()

      return jsonText(c, 200, found)
    },
  )
  .post(
    '/',
    describe({
      id: 'createPersonInformation',
      tag: 'Person informations',
      summary: 'Create a person information',
      answers: {
        201: { description: 'The record.', body: personInformation, headers: ['Location'] },
      },
      invalid: { first_name: [BLANK], date_of_birth: [INVALID], ...ownableMustExist },
    }),
    requireScope('insurances:write'),
    requireJson,
    validateBody('person_information', newPersonInformation, async (c, sent) => {
      const named = namedOwnable.safeParse(sent)
      if (!named.success) return {}
      const { ownable_type: type, ownable_id: id } = named.data
      const exists = await ownableExists(c.get('db'), c.get('caller').clinicId, { type, id })
      return exists ? {} : ownableMustExist
    }),
    async (c) => {
      const { ssn, ...given } = c.req.valid('json')
      const { clinicId } = c.get('caller')

      const sealed = await sealSsn(
        ssn,
        {
          clinicId,
          table: 'person_informations',
          ownableType: given.ownable_type,
          ownableId: given.ownable_id,
        },
        c.env.SSN_PUBLIC_KEY,
      )
      const key = await idempotencyKey(c, given, sealed)
      const insertion = await insertPersonInformation(c.get('db'), given, sealed, key)
      const created = inserted(c, insertion, ownableMustExist)

      return jsonText(c, 201, created.json, { Location: `${c.req.path}/${created.id}` })
    },
  )
