import { listMarks } from '../../operator/marks.ts'
import { onStore } from '../environment/command.ts'
import { writeAll } from '../files/output.ts'
import { outOption } from '../terminal/options.ts'
import { counted } from '../terminal/report.ts'

export const command = onStore({
  example: 'marks --remote --env production --out marks.ndjson',
  takes: { out: outOption },
  async work({ out }, { db }) {
    const clinics = await writeAll(out, await listMarks(db))
    return { json: { clinics }, lines: [`marked: ${counted(clinics)} clinics`] }
  },
})
