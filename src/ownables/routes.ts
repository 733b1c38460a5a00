import { factory } from '../factory.ts'
import { requireScope } from '../http/authenticate.ts'
import { validatePath } from '../http/validate.ts'
import { registerOwnable } from './queries.ts'
import { ownablePath } from './schema.ts'

export const ownables = factory
  .createApp()
  .put(
    '/:ownable_type/:ownable_id',
    requireScope('ownables:write'),
    validatePath(ownablePath),
    async (c) => {
      const { ownable_type, ownable_id } = c.req.valid('param')

      const { clinicId, tokenId } = c.var.caller

      await registerOwnable(
        c.var.db,
        { type: ownable_type, id: ownable_id },
        { clinicId, tokenId, requestId: c.var.requestId },
      )

      return c.body(null, 204)
    },
  )
