import { highestSealed, listMarks, resumeAfter } from '../../operator/marks.ts'
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
    file: argument<string | undefined>('[marks]', 'the file that `marks` wrote'),
    skip: option('--skip <n>', 'how many more ids to skip', wholeNumber(1, 999_999)),
  },
  check({ file, skip }) {
    if (file === undefined && skip === undefined) {
      throw new Misuse('name the marks; if there are none, say how many ids to --skip')
    }
  },
  async work({ file, skip = 0 }, { db, bucket, leave, operator }) {
    const marks = file === undefined ? await listMarks(db) : await readWritten(file, mark, 'marks')
    for (const { clinic_id, seq, ids } of marks) {
      const sealed = bucket ? await highestSealed(bucket, clinic_id) : 0
      const last = Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, id + skip]))
      const skipped = { clinic_id, seq: Math.max(seq + skip, sealed), ids: last }
      await resumeAfter(db, skipped, await operator())
      await leave({ action: 'resume', resource: 'clinics', clinicId: clinic_id })
    }
    // Record it, too, in the trail of events that concern no clinic: that was set back as well.
    await leave({ action: 'resume', resource: 'clinics' })
    const resumed = marks.length
    return { json: { resumed }, lines: [`resumed: ${counted(resumed)} clinics`] }
  },
})
