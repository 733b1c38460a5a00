import type { Context } from 'hono'
import { whyClosed } from '../clinics/queries.ts'
import { factory, type Env } from '../env.ts'
import { INVALID } from '../fields/messages.ts'
import { requireScope } from '../http/authenticate.ts'
import { describe } from '../http/describe.ts'
import { refusal } from '../http/errors.ts'
import { requireJson } from '../http/require-json.ts'
import { refuseQuery, validateBody, validatePath } from '../http/validate.ts'
import { registerOwnables } from './queries.ts'
import { ownablePath, ownablesBody, ownablesPath } from './schema.ts'

const registering = describe({
  id: 'registerOwnable',
  tag: 'Ownables',
  summary: 'Register an ownable',
  description:
    "For the clinic's main system: says that this patient, or other ownable, exists, so that " +
    'records may name it. Registering it again changes nothing.',
  answers: { 204: { description: 'It is registered.' } },
  invalid: { ownable_type: [INVALID] },
})

const registeringMany = describe({
  id: 'registerOwnables',
  tag: 'Ownables',
  summary: 'Register up to a thousand ownables',
  description: 'All of one type, all or none. Registering them again changes nothing.',
  answers: { 204: { description: 'They are registered.' } },
  invalid: { 'ownable_ids[3]': ['is not a number'] },
})

async function register(c: Context<Env>, type: string, ids: readonly number[]): Promise<Response> {
  const { clinicId, tokenId } = c.get('caller')
  const request = { clinicId, tokenId, requestId: c.get('requestId') }
  const state = await registerOwnables(c.get('db'), type, ids, request)
  if (state !== 'open') throw refusal(whyClosed(state))
  c.set('isJournaled', true)
  return c.body(null, 204)
}

const registrars = requireScope('ownables:write', { action: 'register', resource: 'ownables' })

export const ownableRoutes = factory
  .createApp()
  .put(
    '/:ownable_type/:ownable_id',
    registering,
    registrars,
    refuseQuery,
    validatePath(ownablePath),
    (c) => register(c, c.req.valid('param').ownable_type, [c.req.valid('param').ownable_id]),
  )
  .put(
    '/:ownable_type',
    registeringMany,
    registrars,
    refuseQuery,
    validatePath(ownablesPath),
    requireJson(),
    validateBody(ownablesBody),
    (c) => register(c, c.req.valid('param').ownable_type, c.req.valid('json').ownable_ids),
  )
