import type { MiddlewareHandler } from 'hono'
import type * as z from 'zod'
import type { Env } from '../factory.ts'
import type { Scope } from '../tokens/record.ts'

/** A route as the reader of the reference sees it. What validators already say is not said again here. */
export type Operation = {
  /** The operation's id, which is also the name of the client's method. */
  id: string
  tag: 'Person informations' | 'Dependents' | 'Plans' | 'Ownables' | 'Service'
  summary: string
  description?: string
  /** The path's parameters, where no validator reads them. */
  path?: z.ZodObject
  /** The answers that are the route's own; those of the middleware around it are added to them. */
  answers: Record<number, Answer>
  /** Field errors that this route is likely to answer, as the example of its 422. */
  invalid?: Record<string, string[]>
}

export type Answer = {
  description: string
  /** The body. An answer without one has none. */
  body?: z.ZodType
  /** The sentence of a refusal, which is its whole body. */
  refusal?: string
  headers?: readonly HeaderName[]
}

/** Headers of answers, described once in the document. */
export type HeaderName =
  | 'Allow'
  | 'ETag'
  | 'Idempotent-Replayed'
  | 'Link'
  | 'Location'
  | 'RateLimit-Policy'
  | 'Retry-After'
  | 'WWW-Authenticate'
  | 'X-Cache'
  | 'X-Request-Id'
  | 'x-d1-bookmark'

/** What a handler of a route tells the document. */
export type Note = {
  operation?: Operation
  scope?: Scope
  path?: z.ZodObject
  query?: z.ZodObject
  body?: { root: string; fields: z.ZodObject }
}

const notes = new WeakMap<object, Note>()

/** Has `handler` tell the document `note`; it handles requests as before. */
export function noted<Handler extends object>(handler: Handler, note: Note): Handler {
  notes.set(handler, note)
  return handler
}

/** What the handler tells the document: nothing, if it was never noted. */
export const noteOf = (handler: object): Note => notes.get(handler) ?? {}

/** Describes the route it stands in. */
export function describe(operation: Operation): MiddlewareHandler<Env> {
  return noted<MiddlewareHandler<Env>>((_, next) => next(), { operation })
}
