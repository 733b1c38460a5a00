import { createClinic } from '../../../clinics/queries.ts'
import { onStore } from '../../environment/command.ts'
import { argument } from '../../terminal/command.ts'
import { parseClinic } from '../../terminal/options.ts'

export const command = onStore({
  example: 'create riverside --local',
  takes: { id: argument('<id>', 'a name for it, such as riverside', parseClinic) },
  async work({ id }, { db, leave }) {
    const created = await createClinic(db, id)
    if (created) await leave({ action: 'create', resource: 'clinics', clinicId: id })
    const line = created ? `Created clinic ${id}.` : `Clinic ${id} already exists.`
    return { json: { id, created }, lines: [line] }
  },
})
