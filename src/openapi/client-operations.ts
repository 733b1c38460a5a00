import type { Hono } from 'hono'
import * as z from 'zod'
import type { Env } from '../env.ts'
import { describedRoutes, requestHeadersOf, type Route } from './document.ts'

const HEADER = `// Generated from the OpenAPI document. Do not edit.
import { list, sendWrite, type AmendOptions, type CreateOptions, type List, type WriteOptions } from '../call.ts'
import type { Ask, CallOptions } from '../transport.ts'
import type { operations } from './schema.ts'

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

/** Generates the module of the client's methods from the app's routes. */
export function operationsSource(app: Hono<Env>): string {
  const all = describedRoutes(app).map(methodOf)
  const resources = all.flatMap(({ resource }) => resource ?? [])
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

export const methodsOf = (ask: Ask): Methods => ({
${all.map(({ code }) => code).join('\n')}
})
`
}

/** The keys of an object. If a body has alternatives, the first counts: a token that may read gets it. */
function keysOf(schema: unknown): string[] {
  if (schema instanceof z.ZodXor) return keysOf(schema.options[0])
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

/** Generates an operation's method: its signature, its code, and the types that are exported with it. */
function methodOf(route: Route) {
  const { method, pattern, operation } = route
  const { id, summary, answers } = operation
  const headers = requestHeadersOf(route)
  const inPath = keysOf(route.path ?? operation.path)
  const [inBody] = keysOf(route.body)
  const answered = keysOf((answers[200] ?? answers[201])?.body)
  const isList = answered.includes('pagination')
  const queried = keysOf(route.query)
  const isCreation = queried.includes('if_exists')
  const isWrite = headers.includes('IdempotencyKey')
  const hasQuery = queried.length > 0 && !isCreation

  const answer = `Answer<'${id}'>`
  const given = `Given<Body<'${id}'>['${inBody}']>`
  const amends = headers.includes('IfMatch') ? 'AmendOptions' : 'WriteOptions'
  const args = [
    ...inPath.map((name) => `${name}: Path<'${id}'>['${name}']`),
    ...(inBody ? [`${inBody}: ${given}`] : []),
    ...(inBody && isList ? [`page?: Omit<Body<'${id}'>, '${inBody}'>`] : []),
    ...(hasQuery ? [`query?: Query<'${id}'>`] : []),
    `options?: ${isCreation ? 'CreateOptions' : isWrite ? amends : 'CallOptions'}`,
  ]
  const names = args.map((arg) => arg.replace(/\W.*/, ''))

  const path = `\`${pattern.replace(/:(\w+)/g, '${encodeURIComponent($1)}')}\``
  const to = `'${method}', ${path}`
  const [items] = answered
  const isBatch = isWrite && items !== undefined && items === inBody
  const body = inBody ? `{ ${inBody} }` : 'undefined'
  const others = `${hasQuery ? ', query' : ''}${inBody ? `, body: ${body}` : ''}`
  const [first, paged] = inBody ? [`{ ${inBody}, ...page }`, 'body'] : ['{ ...query }', 'query']
  const takeItems = `({ ${items} }) => ${items}`

  let promised = isBatch ? `${answer}['${items}']` : answer
  if (204 in answers) promised = 'void'
  if (answered.includes('last_seq')) promised = 'ChangePage'
  let returned = `Promise<${promised}>`
  let call = `ask(${to}, { ...options${others} })`
  if (isWrite) call = `sendWrite<${answer}>(ask, ${to}, ${body}, options)`
  if (isBatch) call += `.then(${takeItems})`
  if (isList) {
    const ask = `(${paged}) => ask<${answer}>(${to}, { ...options, ${paged} })`
    returned = `List<${answer}, ${answer}['${items}'][number]>`
    call = `list(${first}, ${ask}, ${takeItems})`
  }
  const [, verb, name] = /^(get|create)(.+)$/.exec(id) ?? []
  const [, resource] = /\/(\w+)\/:id\/history$/.exec(pattern) ?? []
  return {
    signature: `  /** ${summary}. */\n  ${id}: (${args.join(', ')}) => ${returned}`,
    code: `  ${id}: (${names.join(', ')}) => ${call},`,
    types: [
      ...(verb === 'get' ? [`export type ${name} = ${answer}`] : []),
      ...(verb === 'create' ? [`export type New${name} = ${given}`] : []),
    ],
    resource: resource ? { name: resource, type: id.replace(/^history/, '') } : undefined,
  }
}
