import { resources } from '../../resources/index.ts'
import { highestSealed, listMarks, resumeAfter, type Mark } from '../../operator/marks.ts'
import { mark } from '../files/backup.ts'
import { readWritten } from '../files/lines.ts'
import { onStore } from '../environment/command.ts'
import { argument, option } from '../terminal/command.ts'
import { Misuse } from '../terminal/failure.ts'
import { wholeNumber } from '../terminal/options.ts'
import { counted } from '../terminal/report.ts'

export const command = onStore({
  example: 'resume marks.ndjson --remote --env production',
  takes: {
    file: argument<string | undefined>(
      '[marks]',
      'what `marks` wrote before the database was set back',
    ),
    skip: option(
      '--skip <n>',
      'how many more ids to skip (default: none)',
      wholeNumber(1, 999_999),
    ),
  },
  check({ file, skip }) {
    if (file === undefined && skip === undefined) {
      throw new Misuse('name the marks; if there are none, say how many ids to --skip')
    }
  },
  async work({ file, skip }, { db, bucket, leave, operator }) {
    const marks =
      file === undefined ? await listMarks(db, resources) : await readWritten(file, mark, 'marks')
    for (const one of marks) {
      const sealed = bucket ? await highestSealed(bucket, one.clinic_id) : 0
      await resumeAfter(db, passingOver(one, skip ?? 0, sealed), await operator())
      await leave({ action: 'resume', resource: 'clinics', clinicId: one.clinic_id })
    }
    // Says in the trail of what belongs to no clinic, too, that it was set back.
    await leave({ action: 'resume', resource: 'clinics' })
    const resumed = marks.length
    return { json: { resumed }, lines: [`resumed: ${counted(resumed)} clinics`] }
  },
})

const passingOver = ({ ids, seq, ...one }: Mark, skip: number, sealed: number): Mark => ({
  ...one,
  seq: Math.max(seq + skip, sealed),
  ids: Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, id + skip])),
})
