import type { Context } from 'hono'
import * as z from 'zod'
import { whyClosed } from '../clinics/queries.ts'
import { factory, type Env } from '../env.ts'
import { BLANK, INVALID, NOT_A_NUMBER } from '../fields/messages.ts'
import { queryId, recordId } from '../fields/number.ts'
import { ownableType } from '../fields/ownable-type.ts'
import { requireScope } from '../http/authenticate.ts'
import { describe } from '../http/describe.ts'
import { refusal } from '../http/errors.ts'
import { requireJson } from '../http/require-json.ts'
import { refuseQuery, validateBody, validatePath } from '../http/validate.ts'
import { registerOwnables } from './queries.ts'

const MOST_OWNABLES = 1000

const ownablesPath = z.object({ ownable_type: ownableType.describe('What they are.') })

const ownablePath = z.object({
  ownable_type: ownableType.describe('What it is.'),
  ownable_id: queryId.meta({
    description: "Its id in the clinic's main system.",
    examples: [1049],
  }),
})

const ownablesBody = z.strictObject({
  ownable_ids: z
    .array(recordId)
    .min(1, { error: BLANK })
    .max(MOST_OWNABLES, { error: `is too long (maximum is ${MOST_OWNABLES} ids)` })
    .meta({ description: "Their ids in the clinic's main system.", examples: [[1049, 1050]] }),
})

const registering = describe('registerOwnable', 'Ownables', 'Register an ownable', {
  description:
    "For the clinic's main system: says that this patient, or other ownable, exists, so that " +
    'records may name it. Registering it again changes nothing.',
  answers: { 204: { description: 'It is registered.' } },
  invalid: { ownable_type: [INVALID] },
})

const registeringMany = describe(
  'registerOwnables',
  'Ownables',
  'Register up to a thousand ownables',
  {
    description: 'All of one type, all or none. Registering them again changes nothing.',
    answers: { 204: { description: 'They are registered.' } },
    invalid: { 'ownable_ids[3]': [NOT_A_NUMBER] },
  },
)

async function register(c: Context<Env>, type: string, ids: readonly number[]) {
  const request = { ...c.get('caller'), requestId: c.get('requestId') }
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
