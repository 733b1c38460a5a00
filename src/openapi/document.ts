import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Hono } from 'hono'
import * as z from 'zod'
import type { Env } from '../env.ts'
import { INVALID } from '../fields/messages.ts'
import { noteOf, type Answer, type Note, type Operation } from '../http/describe.ts'
import { HEADERS, REQUEST_HEADERS, type HeaderName } from '../http/headers.ts'
import { VERSION } from '../http/version.ts'
import { resources } from '../resources/index.ts'
import { ORIGIN } from '../health/reference.ts'
import { REFUSALS, type Refusal } from './refusals.ts'
import { clientSample } from './samples.ts'
import { exampleOf, schemaWriter, type JsonSchema } from './schemas.ts'

/** A route with the notes of all its handlers. */
export type Route = Note & { method: string; pattern: string; operation: Operation }

const read = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8')
const ref = (place: string, name: string) => ({ $ref: `#/components/${place}/${name}` })

/** The changelog without its parts for operators. */
const CHANGES = read('../../.github/CHANGELOG.md')
  .replace(/^### For operators\n[^]*?(?=^## )/gm, '')
  .replace(/^### For callers\n\n/gm, '')
  .replace(/^The format [^]*?(?=^## )/m, '')

/** The guide and the changelog, which the reference shows above the operations. */
export const GUIDE = `${read('guide.md')}\n${CHANGES}`

const TAGS = [
  ...resources.map(({ tag, about }) => ({ name: tag, description: about })),
  { name: 'Changes', description: 'What happened to records, in order: to mirror them.' },
  { name: 'Plans', description: 'The catalogue of insurance plans.' },
  { name: 'Ownables', description: 'The registry of those whom records may name.' },
  { name: 'Service', description: 'Whether the API is up, and what it can do. No token needed.' },
]

/** For the reference's list of client libraries. */
const OUR_CLIENT = {
  lang: 'TypeScript',
  description:
    'Served here, and typed: it retries, reads page after page, and sends idempotency keys.',
  source: `npm install ${ORIGIN}/client.tgz`,
}

const refused = z
  .object({ errors: z.string() })
  .meta({ id: 'Refusal', description: 'Why it was refused, in one sentence.' })

const fieldErrors = z
  .object({ errors: z.record(z.string(), z.array(z.string()).min(1)) })
  .meta({ id: 'FieldErrors', description: 'Every field that is wrong, with its messages.' })

export function openapiDocument(app: Hono<Env>) {
  const { components, write } = schemaWriter()
  const content = (schema: JsonSchema, example = exampleOf(schema, components)) => ({
    content: { 'application/json': { schema, example } },
  })

  function operationOf(route: Route) {
    const { id, tag, summary, description, answers } = route.operation
    const scope = route.scope && `Scope: \`${route.scope}\`.`
    const shared = refusalsOf(route).map(([status, { name }]) => [status, ref('responses', name)])
    return {
      operationId: id,
      tags: [tag],
      summary,
      description: [description, scope].filter(Boolean).join('\n\n'),
      ...(!isGuarded(route) && { security: [] }),
      parameters: [
        ...fieldsIn('path', route.path ?? route.operation.path),
        ...fieldsIn('query', route.query),
        ...requestHeadersOf(route).map((name) => ref('parameters', name)),
      ],
      ...(route.body && {
        requestBody: { required: true, ...content(write(route.body, 'input')) },
      }),
      'x-codeSamples': [clientSample(id, argumentsOf(route), !(204 in answers))],
      responses: {
        ...Object.fromEntries(shared),
        ...(isGuarded(route) && { 422: fieldErrorsOf(route) }),
        ...Object.fromEntries(
          Object.entries(answers).map(([status, answer]) => [status, answerOf(answer, route)]),
        ),
      },
    }
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

  /** Example arguments of the client's method: the path's parameters, and the content of the body. */
  function argumentsOf({ path, body, operation }: Route): unknown[] {
    return [path ?? operation.path, body].flatMap((part) =>
      Object.values(Object(part && exampleOf(write(part, 'input'), components))),
    )
  }

  const responseOf = (
    description: string,
    headers: readonly HeaderName[],
    body?: z.ZodType,
    example?: unknown,
  ) => ({
    description,
    headers: Object.fromEntries(
      ['X-Request-Id', ...headers].map((name) => [name, ref('headers', name)]),
    ),
    ...(body && content(write(body, 'output'), example)),
  })

  const refusedWith = ({ description, headers, errors }: Omit<Refusal, 'name'>) =>
    responseOf(description, headers, refused, { errors })

  function answerOf({ description, body, refusal, headers: own = [] }: Answer, route: Route) {
    const headers = [...own, ...commonHeadersOf(route)]
    if (refusal) return refusedWith({ description, headers, errors: refusal })
    return responseOf(description, headers, body)
  }

  function fieldErrorsOf({ operation }: Route) {
    const errors = operation.invalid ?? { [REQUEST_HEADERS.Bookmark.name]: [INVALID] }
    const description = 'Fields are wrong: all of them are named.'
    return responseOf(description, COMMON_HEADERS, fieldErrors, { errors })
  }

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
      description: GUIDE,
      'x-scalar-sdk-installation': [OUR_CLIENT],
      license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
    },
    servers: [{ url: ORIGIN, description: 'Where this document comes from.' }],
    security: [{ token: [] }],
    tags: TAGS,
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'apiKey',
          in: 'header',
          name: 'X-User-Token',
          description:
            "Your clinic's token: `clinic_`, in a cell its name and `_`, and 49 letters and digits.",
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

/** The routes of the app, in order. Throws if one has no description. */
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

/** Whether the route is behind the middleware of `/v1`. */
const isGuarded = ({ pattern }: Route) => pattern.startsWith('/v1/')

export function requestHeadersOf(route: Route): (keyof typeof REQUEST_HEADERS)[] {
  const names: (keyof typeof REQUEST_HEADERS)[] = isGuarded(route) ? ['Bookmark'] : []
  if (isWrite(route)) names.push('IdempotencyKey')
  if (412 in route.operation.answers) names.push('IfMatch')
  if (304 in route.operation.answers) names.push('IfNoneMatch')
  return names
}

/** The refusals, by status, that are not the route's own: those of its middleware and of the app. */
function refusalsOf(route: Route): [string, Refusal][] {
  const statuses = new Set([405])
  if (isGuarded(route)) for (const status of [401, 403, 421, 429, 503]) statuses.add(status)
  // Only routes with a scope read D1.
  if (route.scope) statuses.add(500)
  if (route.body) for (const status of [400, 408, 413, 415]) statuses.add(status)
  return Object.entries(REFUSALS).filter(([status]) => statuses.has(Number(status)))
}

/** Headers that answers below `/v1` may have. Answers to writes may also be replays. */
const COMMON_HEADERS: HeaderName[] = ['x-d1-bookmark', 'X-Token-Expires']
function commonHeadersOf(route: Route): HeaderName[] {
  if (!isGuarded(route)) return []
  return isWrite(route) ? ['Idempotent-Replayed', ...COMMON_HEADERS] : COMMON_HEADERS
}

/** Whether the route writes under an idempotency key. */
const isWrite = ({ scope }: Route) => scope === 'insurances:write'
