import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import * as z from 'zod'
import { PROJECT } from './project.ts'

const header = z.object({ required: z.boolean().optional(), schema: z.looseObject({}) })
const response = z.object({
  headers: z.record(z.string(), z.object({ $ref: z.string() })),
  content: z
    .object({ 'application/json': z.object({ schema: z.unknown(), example: z.unknown() }) })
    .optional(),
})
const operation = z.looseObject({
  operationId: z.string(),
  tags: z.tuple([z.string()]),
  summary: z.string(),
  security: z.array(z.unknown()).optional(),
  responses: z.record(z.string(), z.union([z.strictObject({ $ref: z.string() }), response])),
})
const openapi = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({
    headers: z.record(z.string(), header),
    responses: z.record(z.string(), response),
    schemas: z.record(z.string(), z.looseObject({})),
  }),
})
export type DocumentedResponse = z.infer<typeof response>

/** The document that ships. */
export const shipped: unknown = JSON.parse(
  readFileSync(join(PROJECT, 'dist/assets/openapi.json'), 'utf8'),
)

/** As far as the tests read it. */
const document = openapi.parse(shipped)

const ajv = new Ajv2020({ strict: false, allErrors: true })
formats.default(ajv)
ajv.addSchema({ $id: 'openapi.json', ...document })
const compiled = new Map<string, ValidateFunction>()

/** Whatever any operation may answer of a status, by the operation's id. */
export function documentedResponses(): { operationId: string; status: number }[] {
  return operations().flatMap(({ operationId, responses }) =>
    Object.keys(responses).map((status) => ({ operationId, status: Number(status) })),
  )
}

export const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, found]) => ({
      ...found,
      path,
      method: method.toUpperCase(),
    })),
  )

/** What the document says of this status of an operation. */
export function documented(operationId: string, status: number): DocumentedResponse | undefined {
  const found = operations().find((each) => each.operationId === operationId)
  const said = found?.responses[String(status)]
  if (said === undefined || !('$ref' in said)) return said
  return document.components.responses[lastOf(said.$ref)]
}

type Answer = {
  status: number
  headers: { get(name: string): string | null; keys(): Iterable<string> }
  clone(): { text(): Promise<string> }
}

/** Headers of any answer that the document leaves to HTTP, to browsers, and to what runs these tests. */
const UNSAID = new RegExp(
  `^(${[
    ...['content-(type|length|encoding)', 'transfer-encoding', 'connection', 'keep-alive', 'date'],
    ...['cache-control', 'vary', 'access-control-.+', 'content-security-policy'],
    ...['cross-origin-.+-policy', 'origin-agent-cluster', 'referrer-policy'],
    ...['strict-transport-security', 'x-(content-type|frame|download)-options', 'x-xss-protection'],
    ...['x-dns-prefetch-control', 'x-permitted-cross-domain-policies'],
    ...['x-test-.+', 'mf-content-encoding', 'cf-cache-status'],
  ].join('|')})$`,
)

/** Throws if the document does not allow this answer, whole and header by header. */
export async function checkAgainstDocument(method: string, url: string, answer: Answer) {
  const { pathname } = new URL(url, 'http://localhost')
  const complain = (what: string) => {
    throw new Error(`openapi.json does not allow ${method} ${answer.status}: ${what}`)
  }
  const body = method === 'HEAD' ? '' : await answer.clone().text()
  // A preflight is the Fetch standard's, of no route.
  if (method === 'OPTIONS' && answer.status === 204) return
  const template = templateOf(pathname)
  if (template === undefined) {
    if (answer.status === 401 || answer.status === 404) {
      const errors = errorsIn(JSON.parse(body), {
        $ref: 'openapi.json#/components/schemas/Refusal',
      })
      if (errors) complain(errors)
    }
    return
  }

  const methods = document.paths[template] ?? {}
  const [some] = Object.values(methods)
  const own = methods[method === 'HEAD' ? 'get' : method.toLowerCase()]
  // A method that the path lacks is told so, once the token is good.
  const asked = own ?? ([401, 405, 429].includes(answer.status) ? some : undefined)
  const allowed = asked && documented(asked.operationId, answer.status)
  if (!allowed) return complain('it documents no such answer')

  const said = Object.keys(allowed.headers).map((name) => name.toLowerCase())
  for (const name of answer.headers.keys()) {
    if (!UNSAID.test(name) && !said.includes(name)) complain(`${name}, which it does not document`)
  }
  for (const name of Object.keys(allowed.headers)) {
    const component = document.components.headers[name]
    const value = answer.headers.get(name)
    if (value === null && component?.required) complain(`without ${name}`)
    const errors = value !== null && errorsIn(value, component?.schema)
    if (errors) complain(`${name} ${errors}`)
  }
  if (method === 'HEAD') return
  const json = allowed.content?.['application/json']
  if (!json) return body === '' ? undefined : complain('a body')
  if (!answer.headers.get('Content-Type')?.startsWith('application/json')) complain('its type')
  const errors = errorsIn(JSON.parse(body), json.schema)
  if (errors) complain(errors)
}

/** What is wrong with the value, or nothing. */
export function errorsIn(value: unknown, schema: unknown): string | undefined {
  const absolute = JSON.stringify(schema).replaceAll('"#/', '"openapi.json#/')
  const validate = compiled.get(absolute) ?? ajv.compile(JSON.parse(absolute))
  compiled.set(absolute, validate)
  return validate(value) ? undefined : ajv.errorsText(validate.errors)
}

function templateOf(pathname: string): string | undefined {
  if (pathname in document.paths) return pathname
  return Object.keys(document.paths).find((template) =>
    new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
  )
}

/** The operation that a request asks for. */
export const operationAt = (method: string, url: string) =>
  document.paths[templateOf(new URL(url, 'http://localhost').pathname) ?? '']?.[
    method.toLowerCase()
  ]

const lastOf = (reference: string) => reference.slice(reference.lastIndexOf('/') + 1)
