import { factory } from '../factory.ts'
import { MUST_EXIST } from '../fields/messages.ts'
import { queryId } from '../fields/number.ts'
import { requireScope } from '../http/authenticate.ts'
import { ApiError } from '../http/errors.ts'
import { idempotencyKey, inserted } from '../http/idempotency.ts'
import { paginated, pageRequest } from '../http/pagination.ts'
import { requireJson } from '../http/require-json.ts'
import { validateBody, validateQuery } from '../http/validate.ts'
import { ownableExists } from '../ownables/queries.ts'
import { sealSsn } from '../ssn/seal.ts'
import {
  findPersonInformation,
  insertPersonInformation,
  listPersonInformations,
} from './queries.ts'
import { namedOwnable, newPersonInformation, personInformationsFilter } from './schema.ts'

const ownableMustExist = { ownable_id: [MUST_EXIST] }

const notFound = () => new ApiError(404, 'Person information not found')

export const personInformations = factory
  .createApp()
  .get('/', requireScope('insurances:read'), validateQuery(personInformationsFilter), async (c) => {
    const query = c.req.valid('query')

    const page = await listPersonInformations(c.var.db, c.var.caller.clinicId, {
      ...pageRequest(query),
      patientId: query.patient_id,
    })

    return paginated(c, 'person_informations', page, query)
  })
  .get('/:id', requireScope('insurances:read'), async (c) => {
    const { data: id } = queryId.safeParse(c.req.param('id'))
    if (id === undefined) throw notFound()
    c.set('recordIds', [id])

    const found = await findPersonInformation(c.var.db, c.var.caller.clinicId, id)
    if (!found) throw notFound()

    return c.json(found)
  })
  .post(
    '/',
    requireScope('insurances:write'),
    requireJson,
    validateBody('person_information', newPersonInformation, async (c, sent) => {
      const named = namedOwnable.safeParse(sent)
      if (!named.success) return {}
      const { ownable_type: type, ownable_id: id } = named.data
      const exists = await ownableExists(c.var.db, c.var.caller.clinicId, { type, id })
      return exists ? {} : ownableMustExist
    }),
    async (c) => {
      const { ssn, ...given } = c.req.valid('json')
      const { clinicId } = c.var.caller

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
      const insertion = await insertPersonInformation(c.var.db, given, sealed, key)
      const created = inserted(c, insertion, ownableMustExist)

      return c.json(created, 201, { Location: `${c.req.path}/${created.id}` })
    },
  )
