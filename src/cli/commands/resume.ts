import { InvalidArgumentError, type Command } from '@commander-js/extra-typings'
import * as z from 'zod'
import { highestSealed } from '../../operator/trail/lost.ts'
import { clinicId } from '../../fields/clinic-id.ts'
import { resources } from '../../resources/index.ts'
import { listMarks, resumeAfter, type Mark } from '../../operator/marks.ts'
import { readWritten } from '../files/rows.ts'
import { chooseStore, onStore } from '../store/choice.ts'
import { withStore } from '../store/open.ts'
import { Misuse } from '../terminal/failure.ts'
import { example } from '../terminal/options.ts'
import { counted, print } from '../terminal/report.ts'

const count = z.int().min(0)

/** A line of what `marks` wrote. */
export const mark = z.object({
  clinic_id: clinicId,
  seq: count,
  ids: z.record(z.string(), count),
}) satisfies z.ZodType<Mark>

export const define = (command: Command) =>
  onStore(command)
    .argument('[marks]', 'what `marks` wrote before the database was set back')
    .option('--skip <n>', 'how many more numbers to pass over (default: none)', parseCount)
    .addHelpText(...example('resume marks.ndjson --remote --env production'))
    .action(async (file, { skip, ...options }) => {
      if (file === undefined && skip === undefined) {
        throw new Misuse('name the marks; if there are none, say how many numbers to --skip')
      }
      const choice = await chooseStore(options)
      const given = file === undefined ? undefined : await readWritten(file, mark, 'marks')
      const resumed = await withStore(choice, async ({ db, bucket, leave, operator }) => {
        const marks = given ?? (await listMarks(db, resources))
        for (const one of marks) {
          const sealed = bucket ? await highestSealed(bucket, one.clinic_id) : 0
          await resumeAfter(db, passingOver(one, skip ?? 0, sealed), await operator())
          await leave({ action: 'resume', resource: 'clinics', clinicId: one.clinic_id })
        }
        // Says in the trail of what belongs to no clinic, too, that it was set back.
        await leave({ action: 'resume', resource: 'clinics' })
        return marks.length
      })
      print({ json: { resumed }, lines: [`resumed: ${counted(resumed)} clinics`] }, options)
    })

function parseCount(value: string): number {
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('Use a number from 1 to 999999.')
}

const passingOver = ({ ids, seq, ...one }: Mark, skip: number, sealed: number): Mark => ({
  ...one,
  seq: Math.max(seq + skip, sealed),
  ids: Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, id + skip])),
})
