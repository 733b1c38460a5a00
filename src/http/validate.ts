import { zValidator, type Hook } from '@hono/zod-validator'
import type { Context } from 'hono'
import * as z from 'zod'
import type { Env } from '../factory.ts'
import { BLANK } from '../fields/messages.ts'
import { noted } from '../openapi/describe.ts'
import { ApiError, type FieldErrors } from './errors.ts'
import { idempotencyKeyErrors } from './idempotency.ts'

/** Validates the query: 422 names every malformed parameter, and parameters we do not know are ignored. */
export const validateQuery = <Schema extends z.ZodObject>(schema: Schema) =>
  noted(zValidator('query', schema, refuse), { query: schema })

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
    throw new ApiError(422, { ...errors, ...(await furtherErrors(c, sent)) })
  }
  return noted(zValidator<typeof schema, 'json', Env, string, Refuse>('json', schema, refuseAll), {
    body: { root, fields },
  })
}

type Invalid = { issues: readonly { path: readonly PropertyKey[]; message: string }[] }

function refuse(checked: { success: true } | { success: false; error: Invalid }) {
  if (!checked.success) throw new ApiError(422, fieldErrors(checked.error))
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
