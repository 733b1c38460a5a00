import { zValidator, type Hook } from '@hono/zod-validator'
import type { Context } from 'hono'
import * as z from 'zod'
import { lruCache } from '../storage/lru-cache.ts'
import { factory, type Env } from '../env.ts'
import { NOT_A_KEY } from '../fields/messages.ts'
import { noted } from './describe.ts'
import { invalid, type FieldErrors } from './errors.ts'
import { errorsOf } from './field-errors.ts'
import { IDEMPOTENCY_KEY, PRINTABLE } from './headers.ts'

const REPEATED = 'is repeated; send it once'
const NAMELESS = 'has no name'

/** How many queries an isolate remembers, and how long they may be: clients repeat the same few. */
const QUERIES = 1000
const QUERY_CHARACTERS = 200

/** An object whose unknown keys are refused. */
type Strict = z.ZodObject<z.core.$ZodLooseShape, z.core.$strict>

/**
 * Validates the query. The 422 names every malformed and every unknown parameter: an ignored filter would list
 * everyone. A valid query is remembered, so it is parsed only once.
 */
export function validateQuery<Schema extends Strict>(schema: Schema) {
  const validate = zValidator('query', schema, (checked, c) => {
    const errors = {
      ...(!checked.success && errorsOf(checked.error, schema, 'parameter')),
      ...spellingErrors(c.req.url, schema),
    }
    if (Object.keys(errors).length > 0) throw invalid(errors)
  })
  const good = lruCache<z.output<Schema>>(QUERIES)

  const validateOnce: typeof validate = async (c, next) => {
    const { url } = c.req
    const query = url.includes('?') ? url.slice(url.indexOf('?')) : ''
    const known = good.get(query)
    if (known !== undefined) {
      c.req.addValidatedData('query', known)
      return await next()
    }
    return await validate(c, async () => {
      if (query.length <= QUERY_CHARACTERS) good.set(query, c.req.valid('query'))
      await next()
    })
  }
  return noted(validateOnce, { query: schema })
}

/** Mistakes that the parser ignores: a value without a name, and a repeated parameter. */
function spellingErrors(url: string, { shape }: Strict): FieldErrors {
  const { searchParams } = new URL(url)
  const repeated = Object.keys(shape).filter((name) => searchParams.getAll(name).length > 1)
  return {
    ...Object.fromEntries(repeated.map((name) => [name, [REPEATED]])),
    ...(searchParams.has('') && { '': [NAMELESS] }),
  }
}

export const refuseQuery = validateQuery(z.strictObject({}))

/** Validates the path's parameters: 422 names every malformed one. */
export const validatePath = <Schema extends z.ZodObject>(schema: Schema) =>
  noted(
    zValidator('param', schema, (checked) => {
      if (!checked.success) throw invalid(errorsOf(checked.error, schema, 'parameter'))
    }),
    { path: schema },
  )

/**
 * Validates a JSON body, and the idempotency key with it. If something is wrong, `furtherErrors` gets the body as sent
 * and may add errors that only storage can find, so that one answer names everything. `documented` is the body as the
 * document shows it, if that differs from the schema.
 */
export function validateBody<Schema extends Strict>(
  schema: Schema,
  furtherErrors: (c: Context<Env>, sent: unknown) => Promise<FieldErrors> = async () => ({}),
  documented: z.ZodObject = schema,
) {
  type Refuse = Hook<z.output<Schema>, Env, string, 'json', object, Schema>
  const [root = ''] = Object.keys(schema.shape)

  const refuseAll: Refuse = async (checked, c) => {
    const errors = {
      ...(!checked.success && errorsOf(checked.error, schema, 'field', root)),
      ...idempotencyKeyErrors(c),
    }
    if (Object.keys(errors).length === 0) return
    throw invalid({ ...errors, ...(await furtherErrors(c, checked.data)) })
  }
  return noted(zValidator<Schema, 'json', Env, string, Refuse>('json', schema, refuseAll), {
    body: documented,
  })
}

/** Validates the idempotency key of a write that has no body. */
export const validateKey = factory.createMiddleware(async (c, next) => {
  const errors = idempotencyKeyErrors(c)
  if (Object.keys(errors).length > 0) throw invalid(errors)
  await next()
})

/** The errors of the idempotency key, which is optional. HTTP joins repeated headers by `, `. */
function idempotencyKeyErrors(c: Context<Env>): FieldErrors {
  const key = c.req.header(IDEMPOTENCY_KEY)
  if (key === undefined) return {}
  if (key.includes(', ')) return { [IDEMPOTENCY_KEY]: [REPEATED] }
  return PRINTABLE.test(key) ? {} : { [IDEMPOTENCY_KEY]: [NOT_A_KEY] }
}
