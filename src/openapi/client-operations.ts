import type { Hono } from 'hono'
import * as z from 'zod'
import type { Env } from '../env.ts'
import { describedRoutes, requestHeadersOf, type Route } from './document.ts'

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
type Path<Id extends keyof operations> = NonNullable<operations[Id]['parameters']['path']>
type Query<Id extends keyof operations> = operations[Id]['parameters'] extends { query?: infer Asked }
  ? NonNullable<Asked>
  : never
`

/** The module of the client's methods, as the app's routes describe them. */
export function operationsSource(app: Hono<Env>): string {
  const all = describedRoutes(app).map(methodOf)
  const resources = all.flatMap(({ resource }) => resource ?? [])
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

/** The keys of an object. If a body is one of several, the first counts: it is what a token that may read gets. */
function keysOf(schema: unknown): string[] {
  if (schema instanceof z.ZodXor) return keysOf(schema.options[0])
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

function methodOf(route: Route) {
  const { method, pattern, operation } = route
  const { id, summary, answers } = operation
  const headers = requestHeadersOf(route)
  const path = pattern.replace(/:(\w+)/g, '{$1}')
  const inPath = keysOf(route.path ?? operation.path)
  const [wrapper] = keysOf(route.body)
  const answered = keysOf((answers[200] ?? answers[201])?.body)
  const isList = answered.includes('pagination')
  const list = isList ? answered.find((key) => key !== 'pagination') : undefined
  const isMany = wrapper !== undefined && !isList && answered.includes(wrapper)
  const isSearch = wrapper !== undefined && isList
  const queried = keysOf(route.query)
  const isCreation = queried.includes('if_exists')
  const hasQuery = isSearch || (queried.length > 0 && !isCreation)
  const isWrite = headers.includes('IdempotencyKey')

  const facts = {
    ...{ method, path },
    takes: [...inPath, ...(wrapper ? ['body'] : []), ...(hasQuery ? ['query'] : [])],
    ...(wrapper && { wrapper }),
    ...(list && { list }),
    ...(isMany && { isMany }),
    ...(isWrite && { isWrite }),
  }
  const amends = headers.includes('IfMatch') ? 'AmendOptions' : 'WriteOptions'
  const options = isCreation ? 'CreateOptions' : isWrite ? amends : 'CallOptions'
  const answer = `Answer<'${id}'>`
  const promised =
    204 in answers
      ? 'void'
      : answered.includes('last_seq')
        ? 'ChangePage'
        : isMany
          ? `${answer}['${wrapper}']`
          : answer
  const returned = list ? `List<${answer}, ${answer}['${list}'][number]>` : `Promise<${promised}>`
  const inBody = `Given<Body<'${id}'>['${wrapper}']>`
  const args = [
    ...inPath.map((name) => `${name}: Path<'${id}'>['${name}']`),
    ...(wrapper ? [`${wrapper}: ${inBody}`] : []),
    ...(isSearch ? [`page?: Omit<Body<'${id}'>, '${wrapper}'>`] : []),
    ...(hasQuery && !isSearch ? [`query?: Query<'${id}'>`] : []),
    `options?: ${options}`,
  ]
  const [, verb, name] = /^(get|create)(.+)$/.exec(id) ?? []
  const [, resource] = /\/(\w+)\/\{id\}\/history$/.exec(path) ?? []
  return {
    ...{ id, facts },
    signature: `  /** ${summary}. */\n  ${id}: (${args.join(', ')}) => ${returned}`,
    types: [
      ...(verb === 'get' ? [`export type ${name} = ${answer}`] : []),
      ...(verb === 'create' ? [`export type New${name} = ${inBody}`] : []),
    ],
    resource: resource ? { name: resource, type: id.replace(/^history/, '') } : undefined,
  }
}
