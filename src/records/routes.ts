import type { Context } from 'hono'
import * as z from 'zod'
import { factory, type Env } from '../env.ts'
import { MUST_EXIST } from '../fields/messages.ts'
import { paging } from '../fields/paging.ts'
import { requireScope } from '../http/authenticate.ts'
import { describe } from '../http/describe.ts'
import { ApiError, invalid, refusal, type FieldErrors } from '../http/errors.ts'
import { wantedTags } from '../http/etag.ts'
import { jsonText } from '../http/json-answer.ts'
import { listBody, pageRequest, paginated } from '../http/pagination.ts'
import { requireJson } from '../http/require-json.ts'
import { refuseQuery, validateBody, validateQuery } from '../http/validate.ts'
import { listAbsent } from '../ownables/queries.ts'
import { amender } from './amend.ts'
import { answerRecord, fixedErrors, settle } from './answers.ts'
import { bodiesOf } from './bodies.ts'
import { creator } from './create.ts'
import { deleter } from './delete.ts'
import { idempotencyKey } from './idempotency.ts'
import { ownerOf, ownerSchema, type Kind } from './kind.ts'
import { creationQuery, operationsOf, recordPath } from './operations.ts'
import { recordQueries } from './queries.ts'
import { masked, sealed, sealedAmendment } from './sealed.ts'
import { isOfPeople, searchBody, searcher } from './search.ts'

const TOO_MANY = 'too many matches; add a date of birth or more letters'

/** The routes of one kind of record. */
export function recordRoutes(kind: Kind) {
  const { name, one, owner, notFound } = kind
  const queries = recordQueries(kind)
  const [create, amend, remove] = [creator(kind), amender(kind), deleter(kind)]
  const operations = operationsOf(kind)
  const { documented, ...bodies } = bodiesOf(kind)
  const namesOwner = ownerSchema(kind)
  const absent = () => new ApiError(404, notFound)

  /** The places of those records whose owner does not exist, among those that name one. */
  async function findOwnerless(c: Context<Env>, sent: readonly unknown[]): Promise<number[]> {
    const owners = sent.flatMap((record, place) => {
      const { data } = namesOwner.safeParse(record)
      return data ? [{ place, ...ownerOf(kind, data) }] : []
    })
    if (owners.length === 0) return []
    c.set('isTelling', true)
    const missing = await listAbsent(c.get('db'), c.get('caller').clinicId, owners)
    return missing.map((n) => owners[n]?.place ?? 0)
  }

  const oneMustExist = { [owner.id]: [MUST_EXIST] }
  const someMustExist = (places: readonly number[]): FieldErrors =>
    Object.fromEntries(places.map((place) => [`${name}[${place}].${owner.id}`, [MUST_EXIST]]))

  /** What is wrong with the owners that a body names, if something else is wrong with it too. */
  const ownerError = async (c: Context<Env>, sent: unknown) =>
    (await findOwnerless(c, [partOf(sent, one)])).length > 0 ? oneMustExist : {}
  async function ownerErrors(c: Context<Env>, sent: unknown): Promise<FieldErrors> {
    const records = partOf(sent, name)
    return Array.isArray(records)
      ? someMustExist(await findOwnerless(c, records.slice(0, 100)))
      : {}
  }

  /** The id in the path; what is no id names no record. */
  function idIn(c: Context<Env>): number {
    const { data: path } = recordPath.safeParse(c.req.param())
    if (!path) throw absent()
    c.set('recordIds', [path.id])
    return path.id
  }

  const readers = requireScope('insurances:read')
  const writers = requireScope('insurances:write')

  const amendment = factory.createHandlers(
    writers,
    refuseQuery,
    requireJson(),
    validateBody(bodies.amend, undefined, documented.amend),
    async (c) => {
      const target = { id: idIn(c), etags: wantedTags(c.req.header('If-Match')) }
      const { [one]: given = {} } = c.req.valid('json')
      const { clinicId } = c.get('caller')
      const db = c.get('db')

      const findOwner = () => queries.findSsnOwner(db, clinicId, target.id)
      const stored = await sealedAmendment(kind, given, findOwner, c.env.SSN_PUBLIC_KEY)
      const key = await idempotencyKey(c, masked(given))
      const amended = await amend(db, key, target, stored)

      if (amended.outcome === 'absent') throw absent()
      if (amended.outcome === 'stale') throw refusal('stale')
      if (amended.outcome === 'refused') throw invalid(fixedErrors(amended.fixed))
      settle(c, amended, amended.isChanged)
      const [record] = amended.records
      if (!record) throw absent()
      return answerRecord(c, 200, record)
    },
  )

  const routes = factory
    .createApp()
    .get('/', describe(operations.list), readers, validateQuery(kind.query), async (c) => {
      const query = c.req.valid('query')
      const { clinicId } = c.get('caller')
      const { [owner.filter]: patientId } = query

      const [list, values] =
        patientId === undefined
          ? [queries.list, { clinicId }]
          : [queries.listOfPatient, { clinicId, patientId: Number(patientId) }]

      return paginated(c, name, await list(c.get('db'), pageRequest(query), values), query)
    })
    .post(
      '/',
      describe(operations.create),
      writers,
      validateQuery(creationQuery(kind)),
      requireJson(),
      validateBody(bodies.create, ownerError, documented.create),
      async (c) => {
        const { [one]: given = {} } = c.req.valid('json')
        const returnExisting = c.req.valid('query').if_exists === 'return'

        const record = await sealed(kind, c.get('caller').clinicId, given, c.env.SSN_PUBLIC_KEY)
        const key = await idempotencyKey(c, masked(given))
        const created = await create(c.get('db'), key, [record], { returnExisting })

        if (created.outcome === 'absent') {
          c.set('isTelling', true)
          throw invalid(oneMustExist)
        }
        settle(c, created, created.status === 201)
        const [made] = created.records
        if (!made) throw absent()
        c.header('Location', `${c.req.path}/${made.id}`)
        return answerRecord(c, created.status === 200 ? 200 : 201, made)
      },
    )
    .post(
      '/batch',
      describe(operations.batch),
      writers,
      refuseQuery,
      requireJson('batchTooLarge'),
      validateBody(bodies.batch, ownerErrors, documented.batch),
      async (c) => {
        const { [name]: given = [] } = c.req.valid('json')
        const { clinicId } = c.get('caller')

        const records = await Promise.all(
          given.map((one) => sealed(kind, clinicId, one, c.env.SSN_PUBLIC_KEY)),
        )
        const key = await idempotencyKey(c, given.map(masked))
        const created = await create(c.get('db'), key, records)

        if (created.outcome === 'absent') {
          c.set('isTelling', true)
          throw invalid(someMustExist(created.absent))
        }
        settle(c, created, true)
        if (created.records.length < given.length) throw absent()
        c.set(
          'recordIds',
          created.records.map(({ id }) => id),
        )
        return jsonText(c, 201, `{"${name}":[${created.records.map(({ json }) => json).join()}]}`)
      },
    )
    .get('/:id', describe(operations.get), readers, refuseQuery, async (c) => {
      const id = idIn(c)

      const found = await queries.find(c.get('db'), c.get('caller').clinicId, id)
      if (!found) throw absent()

      return answerRecord(c, 200, found)
    })
    .put('/:id', describe(operations.put), ...amendment)
    .patch('/:id', describe(operations.amend), ...amendment)
    .delete('/:id', describe(operations.delete), writers, refuseQuery, async (c) => {
      const target = { id: idIn(c), etags: wantedTags(c.req.header('If-Match')) }

      const key = await idempotencyKey(c, null)
      const deleted = await remove(c.get('db'), key, target)

      if (deleted.outcome === 'absent') throw absent()
      if (deleted.outcome === 'stale') throw refusal('stale')
      settle(c, deleted, true)
      return c.body(null, 204)
    })
    .get(
      '/:id/history',
      describe(operations.history),
      readers,
      validateQuery(z.strictObject(paging)),
      async (c) => {
        const query = c.req.valid('query')
        const id = idIn(c)
        const { clinicId } = c.get('caller')

        const page = await queries.history(c.get('db'), clinicId, id, pageRequest(query))
        if (!page) throw absent()

        return paginated(c, 'versions', page, query)
      },
    )
  if (!isOfPeople(kind)) return routes

  const search = searcher(kind)
  return routes.post(
    '/search',
    describe(operations.search),
    readers,
    refuseQuery,
    requireJson(),
    validateBody(searchBody),
    async (c) => {
      const { search: asked, ...paging } = c.req.valid('json')

      const page = await search(c.get('db'), c.get('caller').clinicId, asked, pageRequest(paging))
      if (!page) throw invalid({ search: [TOO_MANY] })

      c.set(
        'recordIds',
        page.ids.toSorted((a, b) => a - b),
      )
      return jsonText(c, 200, listBody(name, page))
    },
  )
}

/** What a body that was sent has under a key, whatever it is. */
const partOf = (sent: unknown, key: string): unknown =>
  Object.getOwnPropertyDescriptor(Object(sent), key)?.value
