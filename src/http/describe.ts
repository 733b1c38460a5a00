import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import type * as z from 'zod'
import type { Env } from '../env.ts'
import type { Scope } from '../tokens/record.ts'
import type { HeaderName } from './headers.ts'

/** What a request does to personal data, such as `list`. Each one leaves an event in the audit trail. */
export type AuditEvent = { action: string; resource: string }

/** How the reference describes a route. */
export type Operation = {
  /** The operation's id, which is also the name of the client's method. */
  id: string
  tag: string
  summary: string
  description?: string
  /** The path's parameters, if no validator declares them. */
  path?: z.ZodObject
  /** The route's own answers; those of its middleware are added. */
  answers: Record<number, Answer>
  /** Likely field errors, as the example of its 422. */
  invalid?: Record<string, string[]>
}

export type Answer = {
  description: string
  body?: z.ZodType
  /** The sentence of a refusal, which is its whole body. */
  refusal?: string
  headers?: readonly HeaderName[]
}

/** What a handler notes about its route. */
export type Note = {
  operation?: Operation
  scope?: Scope
  event?: AuditEvent
  path?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodObject
}

const notes = new WeakMap<object, Note>()

/** Attaches a note to a handler, and returns the same handler. */
export function noted<Handler extends object>(handler: Handler, note: Note): Handler {
  notes.set(handler, note)
  return handler
}

/** The handler's note, empty if it has none. */
export const noteOf = (handler: object): Note => notes.get(handler) ?? {}

/** What the matched route does to personal data, if anything. */
export const auditEventOf = (c: Context<Env>): AuditEvent | undefined =>
  matchedRoutes(c)
    .map(({ handler }) => noteOf(handler).event)
    .find((event) => event !== undefined)

export const describe = (
  id: string,
  tag: string,
  summary: string,
  more: Omit<Operation, 'id' | 'tag' | 'summary'>,
) =>
  noted<MiddlewareHandler<Env>>((_, next) => next(), { operation: { id, tag, summary, ...more } })
