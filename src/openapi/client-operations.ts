import * as z from 'zod'

// The document, as far as methods follow from it.
const reference = z.object({ $ref: z.string() })
const schema = z.looseObject({
  $ref: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
})
const parameter = z.object({
  name: z.string(),
  in: z.string(),
  schema: z.looseObject({ type: z.string() }).optional(),
})
const content = z.object({ content: z.record(z.string(), z.object({ schema })).optional() })
const operation = z.object({
  operationId: z.string(),
  summary: z.string(),
  parameters: z.array(z.union([reference, parameter])),
  requestBody: content.optional(),
  responses: z.record(z.string(), content),
})
const parsedDocument = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({
    parameters: z.record(z.string(), parameter),
    schemas: z.record(z.string(), schema),
  }),
})
type Document = z.infer<typeof parsedDocument>

/** What a method of the client needs to know of its operation, besides types. */
type Facts = {
  method: string
  path: string
  /** Its arguments before the options. */
  takes: string[]
  /** The property of the body that the argument becomes. */
  wrapper?: string
  /** The property of an answer that is read page by page. */
  list?: string
  /** The answer is a list under the wrapper. */
  isMany?: true
  isWrite?: true
}

const HEADER = `// Generated from the OpenAPI document. Do not edit.
import type { AmendOptions, CreateOptions, List, WriteOptions } from '../call.ts'
import type { CallOptions } from '../transport.ts'
import type { operations } from './schema.ts'

export type Operation = {
  method: string
  path: string
  takes: readonly string[]
  wrapper?: string
  list?: string
  isMany?: true
  isWrite?: true
}

type Json<Answer> = Answer extends { content: { 'application/json': infer Body } } ? Body : never
type Responses<Id extends keyof operations> = operations[Id]['responses']
type Answer<Id extends keyof operations> = Json<Responses<Id>[keyof Responses<Id> & (200 | 201)]>
/** An optional field may be undefined, which is as good as left out. */
type Given<Fields> = Fields extends (infer Item)[]
  ? Given<Item>[]
  : { [Key in keyof Fields]: undefined extends Fields[Key] ? Fields[Key] | undefined : Fields[Key] }
type Body<Id extends keyof operations> = operations[Id] extends {
  requestBody: { content: { 'application/json': infer Sent } }
}
  ? Sent
  : never
type Query<Id extends keyof operations> = operations[Id]['parameters'] extends { query?: infer Asked }
  ? NonNullable<Asked>
  : never
`

/** The module of the client's methods, as the document describes their operations. */
export function operationsSource(text: string): string {
  const document = parsedDocument.parse(JSON.parse(text))
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) =>
      methodOf(document, method.toUpperCase(), path, one),
    ),
  )
  const resources = all.flatMap(({ resource }) => resource || [])
  const facts = Object.fromEntries(all.map(({ id, facts }) => [id, facts]))
  return `${HEADER}
${all.flatMap(({ types }) => types).join('\n')}

/** The records of each resource. */
export type Records = {
${resources.map(({ name, type }) => `  ${name}: ${type}`).join('\n')}
}

type AnyChange = Answer<'listChanges'>['changes'][number]
/** A change, with the record as it is now: null if it is deleted. */
export type Change = {
  [Resource in keyof Records]: Omit<AnyChange, 'resource' | 'record'> & {
    resource: Resource
    record: Records[Resource] | null
  }
}[keyof Records]
export type ChangePage = { changes: Change[]; last_seq: number }

/** A method for each operation. */
export type Methods = {
${all.map(({ signature }) => signature).join('\n\n')}
}

export const OPERATIONS: Record<keyof Methods, Operation> = ${JSON.stringify(facts, null, 2)}
`
}

type Described = z.infer<typeof operation>

function methodOf(
  { components }: Document,
  method: string,
  path: string,
  { operationId: id, summary, parameters, requestBody, responses }: Described,
) {
  const lastOf = (name: string) => name.slice(name.lastIndexOf('/') + 1)
  const known = parameters.map((one) =>
    '$ref' in one ? components.parameters[lastOf(one.$ref)] : one,
  )
  const named = (place: string) =>
    known.filter((one) => one?.in === place).map((one) => one?.name ?? '')
  const propertiesIn = (one: z.infer<typeof content> | undefined) => {
    const described = one?.content?.['application/json']?.schema
    const { $ref } = described ?? {}
    const whole = $ref === undefined ? described : components.schemas[lastOf($ref)]
    return Object.keys(whole?.properties ?? {})
  }

  const [wrapper] = propertiesIn(requestBody)
  const answered = propertiesIn(responses['200'] ?? responses['201'])
  const list = answered.includes('pagination')
    ? answered.find((key) => key !== 'pagination')
    : undefined
  const isMany = wrapper !== undefined && list === undefined && answered.includes(wrapper)
  const isSearch = wrapper !== undefined && list !== undefined
  const isCreation = named('query').includes('if_exists')
  const hasQuery = isSearch || (named('query').length > 0 && !isCreation)
  const isWrite = named('header').includes('Idempotency-Key')

  const facts: Facts = {
    method,
    path,
    takes: [...named('path'), ...(wrapper ? ['body'] : []), ...(hasQuery ? ['query'] : [])],
    ...(wrapper && { wrapper }),
    ...(list && { list }),
    ...(isMany && { isMany }),
    ...(isWrite && { isWrite }),
  }
  const options = isCreation
    ? 'CreateOptions'
    : named('header').includes('If-Match')
      ? 'AmendOptions'
      : isWrite
        ? 'WriteOptions'
        : 'CallOptions'
  const answer = `Answer<'${id}'>`
  const returned = list
    ? `List<${answer}, ${answer}['${list}'][number]>`
    : answered.includes('last_seq')
      ? 'Promise<ChangePage>'
      : `Promise<${'204' in responses ? 'void' : isMany ? `${answer}['${wrapper}']` : answer}>`
  const inBody = `Given<Body<'${id}'>['${wrapper}']>`
  const args = [
    ...known
      .filter((one) => one?.in === 'path')
      .map((one) => `${one?.name}: ${one?.schema?.type === 'integer' ? 'number' : 'string'}`),
    ...(wrapper ? [`${wrapper}: ${inBody}`] : []),
    ...(isSearch ? [`page?: Omit<Body<'${id}'>, '${wrapper}'>`] : []),
    ...(hasQuery && !isSearch ? [`query?: Query<'${id}'>`] : []),
    `options?: ${options}`,
  ]
  const [, verb, name] = /^(get|create)(.+)$/.exec(id) ?? []
  const [, resource] = /\/(\w+)\/\{id\}\/history$/.exec(path) ?? []
  return {
    id,
    facts,
    signature: `  /** ${summary}. */\n  ${id}: (${args.join(', ')}) => ${returned}`,
    types: [
      ...(verb === 'get' ? [`export type ${name} = ${answer}`] : []),
      ...(verb === 'create' ? [`export type New${name} = ${inBody}`] : []),
    ],
    resource: resource && { name: resource, type: id.replace(/^history/, '') },
  }
}
