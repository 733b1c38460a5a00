import * as z from 'zod'
import { verifyTrail, type Head, type Verdict } from '../../../operator/trail/verify.ts'
import { onStore } from '../../environment/command.ts'
import { readWritten } from '../../files/lines.ts'
import { option } from '../../terminal/command.ts'
import { stopAtCtrlC } from '../../terminal/failure.ts'
import { parseClinic } from '../../terminal/options.ts'
import { counted } from '../../terminal/report.ts'
import { bucketOf } from './seal.ts'

const head = z.object({
  clinic_id: z.string(),
  stream: z.string(),
  n: z.int().positive(),
  sha256: z.string(),
}) satisfies z.ZodType<Head>

export const command = onStore({
  example: 'audit verify --remote --env production --heads head.ndjson',
  takes: {
    clinic: option('--clinic <id>', 'only this clinic', parseClinic),
    heads: option('--heads <file>', 'the file that `audit head` wrote earlier'),
  },
  async work({ clinic, heads }, store) {
    const kept = heads === undefined ? [] : await readWritten(heads, head, 'audit head')
    const signal = stopAtCtrlC()
    const verdicts: Verdict[] = []
    for await (const one of verifyTrail(store.db, bucketOf(store), clinic, kept)) {
      signal.throwIfAborted()
      verdicts.push(one)
    }
    const misfits = verdicts.flatMap(({ misfit }) => misfit ?? [])
    const sum = (of: 'rows' | 'segments' | 'unsealed') =>
      verdicts.reduce((total, verdict) => total + verdict[of], 0)
    const [rows, segments, unsealed] = [sum('rows'), sum('segments'), sum('unsealed')]
    const ok = misfits.length === 0
    const sizes = `${counted(rows)} rows in ${counted(segments)} segments, ${counted(unsealed)} unsealed`
    const lines = misfits.map(({ segment, row, found }) =>
      row === undefined ? `${segment}: ${found}` : `${segment}, row ${row}: ${found}`,
    )
    lines.push(`${sizes}: ${ok ? 'all' : 'not'} as they were sealed`)
    return { json: { ok, segments, rows, unsealed, misfits }, lines, failed: !ok }
  },
})
