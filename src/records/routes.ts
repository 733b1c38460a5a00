import type { Context } from 'hono'
import { factory, type Env } from '../factory.ts'
import { MUST_EXIST } from '../fields/messages.ts'
import { requireScope } from '../http/authenticate.ts'
import { describe } from '../http/describe.ts'
import { ApiError, invalid, type FieldErrors } from '../http/errors.ts'
import { IDEMPOTENCY_KEY } from '../http/headers.ts'
import { jsonText } from '../http/json-answer.ts'
import { paginated, pageRequest } from '../http/pagination.ts'
import { requireJson } from '../http/require-json.ts'
import { validateBody, validateQuery } from '../http/validate.ts'
import { ownableExists } from '../ownables/queries.ts'
import { idempotencyKey } from './idempotency.ts'
import { ownerOf, ownerSchema, type Kind } from './kind.ts'
import { operationsOf, recordPath } from './operations.ts'
import { recordQueries, type Inserted, type Insertion } from './queries.ts'
import { sealed } from './sealed.ts'

const KEY_USED = 'has already been used for another request'

/** The routes of one kind of record. */
export function recordRoutes(kind: Kind) {
  const { name, one, owner, notFound } = kind
  const queries = recordQueries(kind)
  const operations = operationsOf(kind)
  const namesOwner = ownerSchema(kind)
  const ownerMustExist = { [owner.id]: [MUST_EXIST] }

  /** Says that the owner must exist, of a body that names one and is wrong elsewhere. */
  async function ownerErrors(c: Context<Env>, sent: unknown): Promise<FieldErrors> {
    const named = namesOwner.safeParse(sent)
    if (!named.success) return {}
    const ownable = ownerOf(kind, named.data)
    const exists = await ownableExists(c.get('db'), c.get('caller').clinicId, ownable)
    return exists ? {} : ownerMustExist
  }

  /** The record that an insertion gave, or the refusal that it calls for. A replay says so in a header. */
  function inserted(c: Context<Env>, insertion: Insertion): Inserted {
    if (insertion.outcome === 'absent') throw invalid(ownerMustExist)
    if (insertion.outcome === 'conflict') throw invalid({ [IDEMPOTENCY_KEY]: [KEY_USED] })
    if (insertion.outcome === 'replayed') c.header('Idempotent-Replayed', 'true')
    return insertion.record
  }

  return factory
    .createApp()
    .get(
      '/',
      describe(operations.list),
      requireScope('insurances:read'),
      validateQuery(kind.query),
      async (c) => {
        const query = c.req.valid('query')
        const { clinicId } = c.get('caller')

        const patientId = query[owner.filter]
        const page =
          patientId === undefined
            ? await queries.list(c.get('db'), pageRequest(query), { clinicId })
            : await queries.listOfPatient(c.get('db'), pageRequest(query), {
                clinicId,
                patientId: Number(patientId),
              })

        return paginated(c, name, page, query)
      },
    )
    .get('/:id', describe(operations.get), requireScope('insurances:read'), async (c) => {
      const { data: path } = recordPath.safeParse(c.req.param())
      if (!path) throw new ApiError(404, notFound)
      c.set('recordIds', [path.id])

      const found = await queries.find(c.get('db'), c.get('caller').clinicId, path.id)
      if (!found) throw new ApiError(404, notFound)

      return jsonText(c, 200, found)
    })
    .post(
      '/',
      describe(operations.create),
      requireScope('insurances:write'),
      requireJson,
      validateBody(one, kind.given, ownerErrors),
      async (c) => {
        const given = c.req.valid('json')
        const { clinicId } = c.get('caller')

        const stored = await sealed(kind, clinicId, given, c.env.SSN_PUBLIC_KEY)
        const key = await idempotencyKey(c, given)
        const insertion = await queries.insert(c.get('db'), stored, key)
        const { id, json } = inserted(c, insertion)

        return jsonText(c, 201, json, { Location: `${c.req.path}/${id}` })
      },
    )
}
