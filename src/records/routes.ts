import type { Context } from 'hono'
import * as z from 'zod'
import { factory, type Env } from '../env.ts'
import { paging, type ListQuery } from '../fields/paging.ts'
import { requireScope } from '../http/authenticate.ts'
import { invalid, only } from '../http/errors.ts'
import { wantedTags } from '../http/etag.ts'
import { countRequests, countRows } from '../http/limit-rate.ts'
import { listBody } from '../http/pagination.ts'
import { requireJson } from '../http/require-json.ts'
import { refuseQuery, validateBody, validateKey, validateQuery } from '../http/validate.ts'
import { sealingKey } from '../ssn/sealing-key.ts'
import { amender } from './amend.ts'
import { answeredJson, answerRecord, jsonText, markWritten, paginated } from './answers.ts'
import { bodiesOf, MOST_RECORDS, partOf } from './bodies.ts'
import { creator } from './create.ts'
import { deleter } from './delete.ts'
import { amendmentOf, masked, recordToStore } from './given.ts'
import { idempotencyKey, type Target } from './idempotency.ts'
import { lister } from './list.ts'
import { creationQuery, listQuery, operationsOf, recordPath } from './operations.ts'
import { reader } from './read.ts'
import { absent, furtherErrors, idsNamed } from './refusals.ts'
import type { Given, Resource } from './resource.ts'
import { MOST_CANDIDATES, searchBody, searcher } from './search.ts'

const pages = z.strictObject(paging)

export function recordRoutes(resource: Resource) {
  const { name, one, person } = resource
  const [create, amend, remove] = [creator(resource), amender(resource), deleter(resource)]
  const [list, read, further] = [lister(resource), reader(resource), furtherErrors(resource)]
  const readers = (action: string) => requireScope('insurances:read', { action, resource: name })
  const writers = (action: string) => requireScope('insurances:write', { action, resource: name })
  const docs = operationsOf(resource)
  const { documented, ...bodies } = bodiesOf(resource)

  /** The id in the path. Throws 404 if it isn't an id. */
  function idIn(c: Context<Env>): number {
    const { data: path } = recordPath.safeParse(c.req.param())
    if (!path) throw absent(resource)
    c.set('recordIds', [path.id])
    return path.id
  }

  function targetIn(c: Context<Env>): Target {
    const etags = wantedTags(c.req.header('If-Match'))
    return { id: idIn(c), etags: etags ? JSON.stringify(etags) : null }
  }

  /** Creates the given records. `body` is what the key's fingerprint covers. */
  async function createAll(
    c: Context<Env>,
    given: readonly Given[],
    body: unknown,
    options: { returnExisting?: boolean; isBatch?: boolean },
  ) {
    const { clinicId } = c.get('caller')
    const publicKey = sealingKey(c.env)
    const records = await Promise.all(
      given.map((one) => recordToStore(resource, clinicId, one, publicKey)),
    )
    const key = await idempotencyKey(c, body)
    c.set('recordIds', idsNamed(resource, records))
    const written = await create(c.get('db'), key, records, options)
    markWritten(c, written)
    return written
  }

  const amendment = factory.createHandlers(
    writers('amend'),
    refuseQuery,
    requireJson(),
    validateBody(
      bodies.amend,
      (c, sent) => {
        const id = recordPath.safeParse(c.req.param()).data?.id ?? 0
        return further(c, [partOf(sent, one)], { id })
      },
      documented.amend,
    ),
    async (c) => {
      const target = targetIn(c)
      const { [one]: given = {} } = c.req.valid('json')
      const { clinicId } = c.get('caller')
      const db = c.get('db')

      const findOwner = () => read.findSsnOwner(db, clinicId, target.id)
      const stored = await amendmentOf(resource, given, findOwner, sealingKey(c.env))
      const key = await idempotencyKey(c, masked(given))
      const amended = await amend(db, key, target, stored)

      markWritten(c, amended)
      const [record] = amended.records
      if (!record) throw absent(resource)
      return answerRecord(c, 200, record)
    },
  )

  const app = factory.createApp().use('/batch', only('POST'))
  if (person) app.use('/search', only('POST'))

  const routes = app
    .get('/', docs.list, readers('list'), validateQuery(listQuery(resource)), async (c) => {
      const query: ListQuery = c.req.valid('query')
      const isFiltered = Object.keys(resource.filters).some((filter) => query[filter] !== undefined)
      if (isFiltered) await countRows(c, (query.page - 1) * query.page_size)

      const page = await list(c.get('db'), c.get('caller').clinicId, query)
      if ('add' in page) return await refuseTooMany(c, page.filter, page.add)

      return paginated(c, name, page, query)
    })
    .post(
      '/',
      docs.create,
      writers('create'),
      validateQuery(creationQuery(resource)),
      requireJson(),
      validateBody(bodies.create, (c, sent) => further(c, [partOf(sent, one)]), documented.create),
      async (c) => {
        const { [one]: given = {} } = c.req.valid('json')
        const returnExisting = c.req.valid('query').if_exists === 'return'

        const written = await createAll(c, [given], masked(given), { returnExisting })

        const [made] = written.records
        if (!made) throw absent(resource)
        c.header('Location', `${c.req.path}/${made.id}`)
        return answerRecord(c, written.status === 200 ? 200 : 201, made)
      },
    )
    .post(
      '/batch',
      docs.batch,
      writers('create'),
      refuseQuery,
      requireJson('batchTooLarge'),
      countRecords(name),
      validateBody(
        bodies.batch,
        (c, sent) => further(c, recordsIn(sent, name), { isBatch: true }),
        documented.batch,
      ),
      async (c) => {
        const { [name]: given = [] } = c.req.valid('json')

        const { records } = await createAll(c, given, given.map(masked), { isBatch: true })

        if (records.length < given.length) throw absent(resource)
        const ids = records.map(({ id }) => id)
        c.set('recordIds', ids)
        const all = records.map((record) => answeredJson(c, record))
        return jsonText(c, 201, `{"${name}":[${all.join()}]}`)
      },
    )
    .get('/:id', docs.get, readers('read'), refuseQuery, async (c) => {
      const id = idIn(c)

      const found = await read.find(c.get('db'), c.get('caller').clinicId, id)
      if (!found) throw absent(resource)

      return answerRecord(c, 200, found)
    })
    .put('/:id', docs.put, ...amendment)
    .patch('/:id', docs.amend, ...amendment)
    .delete('/:id', docs.delete, writers('delete'), refuseQuery, validateKey, async (c) => {
      const target = targetIn(c)

      const key = await idempotencyKey(c, null)
      const removed = await remove(c.get('db'), key, target)

      markWritten(c, removed)
      return c.body(null, 204)
    })
    .get('/:id/history', docs.history, readers('history'), validateQuery(pages), async (c) => {
      const query = c.req.valid('query')
      const id = idIn(c)
      const { clinicId } = c.get('caller')

      const page = await read.history(c.get('db'), clinicId, id, query)
      if (!page) throw absent(resource)

      return paginated(c, 'versions', page, query)
    })
  if (!person) return routes

  const search = searcher(resource)
  return routes.post(
    '/search',
    docs.search,
    readers('search'),
    refuseQuery,
    requireJson(),
    validateBody(searchBody),
    async (c) => {
      const { search: asked, ...paging } = c.req.valid('json')

      const page = await search(c.get('db'), c.get('caller').clinicId, asked, paging)
      if (!page) return await refuseTooMany(c, 'search', 'a date of birth or more letters')

      const ids = page.ids.toSorted((a, b) => a - b)
      c.set('recordIds', ids)
      return jsonText(c, 200, listBody(name, page, paging))
    },
  )
}

/** Refuses a query with too many matches, and counts the rows that it has read. */
async function refuseTooMany(c: Context<Env>, field: string, add: string): Promise<never> {
  await countRows(c, MOST_CANDIDATES)
  throw invalid({ [field]: [`too many matches; add ${add}`] })
}

/** The unvalidated records of a batch; none if there are too many. */
function recordsIn(sent: unknown, name: string): readonly unknown[] {
  const records = partOf(sent, name)
  return Array.isArray(records) && records.length <= MOST_RECORDS ? records : []
}

/** Counts a batch as one more request per ten records after the first ten, up to the most that it may have. */
const countRecords = (name: string) =>
  factory.createMiddleware(async (c, next) => {
    const records = partOf(await c.req.json(), name)
    const count = Array.isArray(records) ? Math.min(records.length, MOST_RECORDS) : 0
    await countRequests(c, Math.max(0, Math.ceil(count / 10) - 1))
    await next()
  })
