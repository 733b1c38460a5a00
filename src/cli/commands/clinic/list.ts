import { listClinics } from '../../../clinics/queries.ts'
import { onStore } from '../../environment/command.ts'
import { table } from '../../terminal/report.ts'

export const command = onStore({
  example: 'list --local',
  takes: {},
  async work(_, { db }) {
    const clinics = await listClinics(db)
    const rows = clinics.map(({ id, state, created_at }) => [id, state, created_at.slice(0, 10)])
    const lines =
      rows.length === 0 ? ['There are no clinics.'] : table(['id', 'state', 'created'], rows)
    return { json: { clinics }, lines }
  },
})
