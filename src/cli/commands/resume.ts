import { InvalidArgumentError } from 'commander'
import { adoptLost, Unrelated } from '../../operator/trail/adopt.ts'
import type { Session } from '../../storage/session.ts'
import { resources } from '../../resources/index.ts'
import { NO_CLINIC } from '../../operator/content.ts'
import { listMarks, resumeAfter, type Mark } from '../../operator/marks.ts'
import { mark } from '../files/backup.ts'
import { readWritten } from '../files/rows.ts'
import { onStore } from '../environment/command.ts'
import { argument, option } from '../terminal/command.ts'
import { Failure, Misuse } from '../terminal/failure.ts'
import { counted } from '../terminal/report.ts'

export const command = onStore({
  example: 'resume marks.ndjson --remote --env production',
  takes: {
    file: argument('[marks]', 'what `marks` wrote before the database was set back'),
    skip: option('--skip <n>', 'how many more ids to skip (default: none)', parseCount),
  },
  check({ file, skip }) {
    if (file === undefined && skip === undefined) {
      throw new Misuse('name the marks; if there are none, say how many ids to --skip')
    }
  },
  async work({ file, skip }, { db, bucket, leave, operator }) {
    const marks =
      file === undefined ? await listMarks(db, resources) : await readWritten(file, mark, 'marks')
    // What was sealed since is in R2 still: the trail goes on after that.
    await adopt(db, bucket, NO_CLINIC)
    for (const one of marks) {
      const sealed = await adopt(db, bucket, one.clinic_id)
      await resumeAfter(db, passingOver(one, skip ?? 0, sealed), await operator())
      await leave({ action: 'resume', resource: 'clinics', clinicId: one.clinic_id })
    }
    const resumed = marks.length
    return { json: { resumed }, lines: [`resumed: ${counted(resumed)} clinics`] }
  },
})

function parseCount(value: string): number {
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('Use a number from 1 to 999999.')
}

/** Gives the highest `seq` that was sealed, 0 if none was lost. Throws Failure. */
async function adopt(db: Session, bucket: R2Bucket | undefined, clinicId: string) {
  try {
    return bucket ? await adoptLost(db, bucket, clinicId) : 0
  } catch (error) {
    if (!(error instanceof Unrelated)) throw error
    throw new Failure(
      `segment ${error.message} in R2 does not follow what D1 has: \`audit verify\` tells more`,
    )
  }
}

const passingOver = ({ ids, seq, ...one }: Mark, skip: number, sealed: number): Mark => ({
  ...one,
  seq: Math.max(seq + skip, sealed),
  ids: Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, id + skip])),
})
