import { listHeads } from '../../../operator/trail/verify.ts'
import { onStore } from '../../environment/command.ts'
import { writeAll } from '../../files/output.ts'
import { outOption } from '../../terminal/options.ts'
import { counted } from '../../terminal/report.ts'

export const command = onStore({
  example: 'audit head --remote --env production --out head.ndjson',
  takes: { out: outOption },
  async work({ out }, { db }) {
    const heads = await writeAll(out, await listHeads(db))
    const lines = [`${counted(heads)} heads: keep them where no administrator can write`]
    return { json: { heads }, lines }
  },
})
