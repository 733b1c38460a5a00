import type { Hono } from 'hono'
import * as z from 'zod'
import type { Env } from '../factory.ts'
import { INVALID } from '../fields/messages.ts'
import { noteOf, type Answer, type Note, type Operation } from '../http/describe.ts'
import { HEADERS, REQUEST_HEADERS, type HeaderName } from '../http/headers.ts'
import { VERSION } from '../service/version.ts'
import { REFUSALS, type Refusal } from './refusals.ts'
import { exampleOf, schemaWriter, type JsonSchema } from './schemas.ts'

/** A route with all that its handlers tell. */
type Route = Note & { method: string; pattern: string; operation: Operation }

const INTRODUCTION = `\
Person informations, dependents and insurance plans of clinics, at the edge.

**Authentication.** Send your clinic's token as \`X-User-Token\`. A token sees its own clinic's records and \
the one catalogue of plans.

**Errors.** One shape, two forms: \`{"errors": "sentence"}\` or \`{"errors": {"field": ["message"]}}\`, \
which names everything that is wrong at once. An unknown path is 404 (under \`/v1\`, 401 without a token), a known path with another \
method is 405 with \`Allow\`.

**Pages.** \`page\` from 1 and \`page_size\` up to 100. Records come in the order of their making, so a page once \
read does not shift. Follow \`Link: …; rel="next"\` until there is none.

**Creating safely.** Send an \`Idempotency-Key\` with every creation and send it again when the answer is lost: \
the record is created once.

**SSNs** are sealed on arrival and answered masked, \`***-**-6789\`.`

const TAGS = [
  { name: 'Person informations', description: 'Who a patient, or another ownable, is.' },
  { name: 'Dependents', description: 'Who is insured through a primary holder.' },
  { name: 'Plans', description: 'The catalogue of insurance plans.' },
  { name: 'Ownables', description: 'The registry of those whom records may name.' },
  { name: 'Service', description: 'Whether the API is up, and what it can do. No token needed.' },
]

const refused = z
  .object({ errors: z.string() })
  .meta({ id: 'Refusal', description: 'Why it was refused, in one sentence.' })

const fieldErrors = z
  .object({ errors: z.record(z.string(), z.array(z.string()).min(1)) })
  .meta({ id: 'FieldErrors', description: 'Every field that is wrong, with its messages.' })

/** The OpenAPI 3.1 document of the app. */
export function openapiDocument(app: Hono<Env>) {
  const { components, write } = schemaWriter()
  const content = (schema: JsonSchema, example = exampleOf(schema, components)) => ({
    content: { 'application/json': { schema, example } },
  })

  function operationOf(route: Route) {
    const { id, tag, summary, description, answers } = route.operation
    const scope = route.scope && `Scope: \`${route.scope}\`.`
    return {
      operationId: id,
      tags: [tag],
      summary,
      description: [description, scope].filter(Boolean).join('\n\n'),
      ...(!isGuarded(route) && { security: [] }),
      parameters: parametersOf(route),
      ...(route.body && { requestBody: requestBodyOf(route.body) }),
      responses: {
        ...Object.fromEntries(
          refusalsOf(route).map(([status, { name }]) => [
            status,
            { $ref: `#/components/responses/${name}` },
          ]),
        ),
        ...(isGuarded(route) && { 422: fieldErrorsOf(route) }),
        ...Object.fromEntries(
          Object.entries(answers).map(([status, answer]) => [status, answerOf(answer, route)]),
        ),
      },
    }
  }

  function parametersOf(route: Route) {
    const { path, query, operation } = route
    return [
      ...fieldsIn('path', path ?? operation.path),
      ...fieldsIn('query', query),
      ...requestHeadersOf(route).map((name) => ({ $ref: `#/components/parameters/${name}` })),
    ]
  }

  function fieldsIn(place: 'path' | 'query', fields: z.ZodObject | undefined) {
    if (!fields) return []
    const { properties = {}, required = [] } = write(fields, 'input')
    return Object.entries(properties).map(([name, property]) => {
      const { description, ...schema } = typeof property === 'object' ? property : {}
      return {
        name,
        in: place,
        ...(required.includes(name) && { required: true }),
        ...(description !== undefined && { description }),
        schema,
      }
    })
  }

  function requestBodyOf({ root, fields }: Required<Note>['body']) {
    return { required: true, ...content(write(z.object({ [root]: fields }), 'input')) }
  }

  function answerOf({ description, body, refusal, headers = [] }: Answer, route: Route) {
    if (refusal) return refusedWith({ description, errors: refusal, headers })
    return {
      description,
      headers: references([...headers, ...storageHeadersOf(route)]),
      ...(body && content(write(body, 'output'))),
    }
  }

  const fieldErrorsOf = ({ operation }: Route) => ({
    description: 'Fields are wrong: all of them are named.',
    headers: references([]),
    ...content(write(fieldErrors, 'output'), {
      errors: operation.invalid ?? { [REQUEST_HEADERS.Bookmark.name]: [INVALID] },
    }),
  })

  const refusedWith = ({ description, errors, headers }: Omit<Refusal, 'name'>) => ({
    description,
    headers: references(headers ?? []),
    ...content(write(refused, 'output'), { errors }),
  })

  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of describedRoutes(app)) {
    const path = route.pattern.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) }
  }

  return {
    openapi: '3.1.1',
    info: {
      title: 'Clinic Insurances API',
      version: VERSION,
      description: INTRODUCTION,
      license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
    },
    servers: [{ url: '/', description: 'Where this document comes from.' }],
    security: [{ token: [] }],
    tags: TAGS,
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'apiKey',
          in: 'header',
          name: 'X-User-Token',
          description: "Your clinic's token: `clinic_` and 49 letters and digits.",
        },
      },
      parameters: REQUEST_HEADERS,
      headers: HEADERS,
      responses: Object.fromEntries(
        Object.values(REFUSALS).map(({ name, ...refusal }) => [name, refusedWith(refusal)]),
      ),
      schemas: components,
    },
  }
}

/** The routes of the app, in order. Throws for one that nobody has described. */
export function describedRoutes(app: Hono<Env>): Route[] {
  const routes = new Map<string, Note & { method: string; pattern: string }>()
  for (const { method, path: pattern, handler } of app.routes) {
    if (method === 'ALL') continue
    const key = `${method} ${pattern}`
    routes.set(key, { ...routes.get(key), ...noteOf(handler), method, pattern })
  }
  return Array.from(routes, ([key, { operation, ...route }]) => {
    if (!operation) throw new Error(`${key} is not described`)
    return { operation, ...route }
  })
}

/** Whether the middleware of `/v1` stands before the route. */
const isGuarded = ({ pattern }: Route) => pattern.startsWith('/v1/')

function requestHeadersOf(route: Route): (keyof typeof REQUEST_HEADERS)[] {
  const names: (keyof typeof REQUEST_HEADERS)[] = isGuarded(route) ? ['Bookmark'] : []
  if (route.method === 'POST') names.push('IdempotencyKey')
  if (304 in route.operation.answers) names.push('IfNoneMatch')
  return names
}

/** What everything that stands before the route may refuse, by status, and what anything may come to. */
function refusalsOf(route: Route): [string, Refusal][] {
  const statuses = new Set([405])
  if (isGuarded(route)) for (const status of [401, 403, 429, 500, 503]) statuses.add(status)
  if (isGuarded(route) && route.method !== 'GET') statuses.add(413)
  if (route.body) for (const status of [400, 415]) statuses.add(status)
  return Object.entries(REFUSALS).filter(([status]) => statuses.has(Number(status)))
}

/** What comes with an answer that storage had a part in. */
function storageHeadersOf(route: Route): HeaderName[] {
  if (!isGuarded(route)) return []
  return route.method === 'POST' ? ['Idempotent-Replayed', 'x-d1-bookmark'] : ['x-d1-bookmark']
}

const references = (headers: readonly HeaderName[]) =>
  Object.fromEntries(
    (['X-Request-Id', ...headers] as const).map((name) => [
      name,
      { $ref: `#/components/headers/${name}` },
    ]),
  )
