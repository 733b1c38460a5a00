import { factory } from '../factory.ts'
import { MUST_EXIST, NOT_A_NUMBER, NOT_INCLUDED } from '../fields/messages.ts'
import { PATIENT } from '../fields/ownable-type.ts'
import { requireScope } from '../http/authenticate.ts'
import { idempotencyKey, inserted } from '../http/idempotency.ts'
import { jsonText } from '../http/json-answer.ts'
import { paginated, pageRequest } from '../http/pagination.ts'
import { requireJson } from '../http/require-json.ts'
import { validateBody, validateQuery } from '../http/validate.ts'
import { describe } from '../openapi/describe.ts'
import { ownableExists } from '../ownables/queries.ts'
import { sealSsn } from '../ssn/seal.ts'
import { insertDependent, listDependents } from './queries.ts'
import {
  dependent,
  dependentList,
  dependentsFilter,
  namedPrimaryHolder,
  newDependent,
} from './schema.ts'

const primaryHolderMustExist = { primary_holder_id: [MUST_EXIST] }

export const dependents = factory
  .createApp()
  .get(
    '/',
    describe({
      id: 'listDependents',
      tag: 'Dependents',
      summary: 'List dependents',
      description: "Your clinic's dependents in the order of their making, a page at a time.",
      answers: {
        200: { description: 'A page of dependents.', body: dependentList, headers: ['Link'] },
      },
      invalid: { primary_holder_id: [NOT_A_NUMBER] },
    }),
    requireScope('insurances:read'),
    validateQuery(dependentsFilter),
    async (c) => {
      const query = c.req.valid('query')

      const page = await listDependents(c.get('db'), c.get('caller').clinicId, {
        ...pageRequest(query),
        primaryHolderId: query.primary_holder_id,
      })

      return paginated(c, 'dependents', page, query)
    },
  )
  .post(
    '/',
    describe({
      id: 'createDependent',
      tag: 'Dependents',
      summary: 'Create a dependent',
      answers: { 201: { description: 'The dependent.', body: dependent } },
      invalid: { ...primaryHolderMustExist, relationship: [NOT_INCLUDED] },
    }),
    requireScope('insurances:write'),
    requireJson,
    validateBody('dependent', newDependent, async (c, sent) => {
      const named = namedPrimaryHolder.safeParse(sent)
      if (!named.success) return {}
      const holder = { type: PATIENT, id: named.data.primary_holder_id }
      const exists = await ownableExists(c.get('db'), c.get('caller').clinicId, holder)
      return exists ? {} : primaryHolderMustExist
    }),
    async (c) => {
      const { ssn, ...given } = c.req.valid('json')
      const { clinicId } = c.get('caller')

      const sealed = await sealSsn(
        ssn,
        {
          clinicId,
          table: 'dependents',
          ownableType: PATIENT,
          ownableId: given.primary_holder_id,
        },
        c.env.SSN_PUBLIC_KEY,
      )
      const key = await idempotencyKey(c, given, sealed)
      const insertion = await insertDependent(c.get('db'), given, sealed, key)
      const created = inserted(c, insertion, primaryHolderMustExist)

      return jsonText(c, 201, created.json)
    },
  )
