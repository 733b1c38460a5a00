import { whyClosed } from '../clinics/queries.ts'
import { factory } from '../env.ts'
import { INVALID } from '../fields/messages.ts'
import { requireScope } from '../http/authenticate.ts'
import { describe } from '../http/describe.ts'
import { refusal } from '../http/errors.ts'
import { refuseQuery, validatePath } from '../http/validate.ts'
import { registerOwnable } from './queries.ts'
import { ownablePath } from './schema.ts'

const registering = describe({
  id: 'registerOwnable',
  tag: 'Ownables',
  summary: 'Register an ownable',
  deed: { action: 'register', resource: 'ownables' },
  description:
    "For the clinic's main system: says that this patient, or other ownable, exists, so that " +
    'records may name it. Registering it again changes nothing.',
  answers: { 204: { description: 'It is registered.' } },
  invalid: { ownable_type: [INVALID] },
})

export const ownables = factory
  .createApp()
  .put(
    '/:ownable_type/:ownable_id',
    registering,
    requireScope('ownables:write'),
    refuseQuery,
    validatePath(ownablePath),
    async (c) => {
      const { ownable_type: type, ownable_id: id } = c.req.valid('param')
      const { clinicId, tokenId } = c.get('caller')
      const requestId = c.get('requestId')

      const request = { clinicId, tokenId, requestId }
      const state = await registerOwnable(c.get('db'), { type, id }, request)
      if (state !== 'open') throw refusal(whyClosed(state))
      c.set('isJournaled', true)

      return c.body(null, 204)
    },
  )
