import { zValidator, type Hook } from '@hono/zod-validator'
import type { Context } from 'hono'
import * as z from 'zod'
import { recent } from '../db/recent.ts'
import type { Env } from '../factory.ts'
import { BLANK, INVALID } from '../fields/messages.ts'
import { noted } from './describe.ts'
import { invalid, type FieldErrors } from './errors.ts'
import { IDEMPOTENCY_KEY, PRINTABLE } from './headers.ts'

/** Queries that an isolate remembers, and how long they may be: clients ask the same few again and again. */
const QUERIES = 1000
const QUERY_CHARACTERS = 200

/**
 * Validates the query: 422 names every malformed parameter, and parameters we do not know are ignored. A good
 * query is worked out once, for as long as it is remembered.
 */
export function validateQuery<Schema extends z.ZodObject>(schema: Schema) {
  const validate = zValidator('query', schema, refuse)
  const good = recent<z.output<Schema>>(QUERIES)

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

/** Validates the path's parameters: 422 names every malformed one. */
export const validatePath = <Schema extends z.ZodObject>(schema: Schema) =>
  noted(zValidator('param', schema, refuse), { path: schema })

/**
 * Validates a body `{[root]: fields}`, and the idempotency key with it, and gives the fields. When something
 * is wrong, `furtherErrors` may add what only storage can tell, so that one answer names everything; it is
 * given the fields as they were sent.
 */
export function validateBody<Schema extends z.ZodObject>(
  root: string,
  fields: Schema,
  furtherErrors: (c: Context<Env>, sent: unknown) => Promise<FieldErrors>,
) {
  const schema = z.preprocess((body) => fieldsUnder(root, body), fields)
  type Accepted = z.infer<typeof schema>
  type Refuse = Hook<Accepted, Env, string, 'json', object, typeof schema>

  const refuseAll: Refuse = async (checked, c) => {
    const errors = {
      ...(!checked.success && fieldErrors(checked.error, root)),
      ...idempotencyKeyErrors(c),
    }
    if (Object.keys(errors).length === 0) return
    const sent = checked.success ? checked.data : fieldsUnder(root, checked.data)
    throw invalid({ ...errors, ...(await furtherErrors(c, sent)) })
  }
  return noted(zValidator<typeof schema, 'json', Env, string, Refuse>('json', schema, refuseAll), {
    body: { root, fields },
  })
}

type Invalid = { issues: readonly { path: readonly PropertyKey[]; message: string }[] }

function refuse(checked: { success: true } | { success: false; error: Invalid }) {
  if (!checked.success) throw invalid(fieldErrors(checked.error))
}

/** What is wrong with the idempotency key, if anything. It may be left out. */
function idempotencyKeyErrors(c: Context<Env>): FieldErrors {
  const key = c.req.header(IDEMPOTENCY_KEY)
  return key === undefined || PRINTABLE.test(key) ? {} : { [IDEMPOTENCY_KEY]: [INVALID] }
}

const fieldsUnder = (root: string, body: unknown) =>
  typeof body === 'object' && body !== null
    ? Object.getOwnPropertyDescriptor(body, root)?.value
    : undefined

/** Messages by field. An issue of no field means that the whole is missing or not an object. */
function fieldErrors(error: Invalid, whole = 'body'): FieldErrors {
  const errors: FieldErrors = {}
  for (const { path, message } of error.issues) {
    const [field] = path
    if (field === undefined) return { [whole]: [BLANK] }
    const messages = (errors[String(field)] ??= [])
    messages.push(message)
  }
  return errors
}
