import type { Command } from '@commander-js/extra-typings'
import * as z from 'zod'
import { verifyTrail, type Head, type Verdict } from '../../../operator/trail/verify.ts'
import { readWritten } from '../../files/rows.ts'
import { chooseStore, onStore } from '../../environment/choice.ts'
import { withStore } from '../../environment/open.ts'
import { stopAtCtrlC } from '../../terminal/failure.ts'
import { example, parseClinic } from '../../terminal/options.ts'
import { counted, print } from '../../terminal/report.ts'
import { bucketOf } from './bucket.ts'

/** A line of what `audit head` wrote. */
const head = z.object({
  clinic_id: z.string(),
  stream: z.string(),
  n: z.int().positive(),
  sha256: z.string(),
}) satisfies z.ZodType<Head>

export const define = (command: Command) =>
  onStore(command)
    .option('--clinic <id>', 'only this one (default: all that either store knows)', parseClinic)
    .option('--heads <file>', 'what `audit head` wrote earlier')
    .addHelpText(...example('audit verify --remote --env production --heads head.ndjson'))
    .action(async ({ clinic, heads, ...options }) => {
      const choice = await chooseStore(options)
      const kept = heads === undefined ? [] : await readWritten(heads, head, 'audit head')
      const verdicts = await withStore(choice, async (store) => {
        const signal = stopAtCtrlC()
        const found: Verdict[] = []
        for await (const one of verifyTrail(store.db, bucketOf(store, choice), clinic, kept)) {
          signal.throwIfAborted()
          found.push(one)
        }
        return found
      })
      const misfits = verdicts.flatMap(({ misfit }) => misfit ?? [])
      const sum = (of: (verdict: Verdict) => number) =>
        verdicts.reduce((total, verdict) => total + of(verdict), 0)
      const [rows, segments, unsealed] = [
        sum((verdict) => verdict.rows),
        sum((verdict) => verdict.segments),
        sum((verdict) => verdict.unsealed),
      ]
      const lines = [
        ...misfits.map(({ segment, row, found }) =>
          row === undefined ? `${segment}: ${found}` : `${segment}, row ${row}: ${found}`,
        ),
        `${counted(rows)} rows in ${counted(segments)} segments, ${counted(unsealed)} unsealed: ${
          misfits.length === 0 ? 'all as they were sealed' : 'not as they were sealed'
        }`,
      ]
      const json = { ok: misfits.length === 0, segments, rows, unsealed, misfits }
      print({ json, lines, failed: misfits.length > 0 }, options)
    })
