import { SegmentMissing } from '../../../operator/trail/events.ts'
import type { StoreChoice } from '../../environment/choice.ts'
import type { Store } from '../../environment/open.ts'
import { Failure } from '../../terminal/failure.ts'
import { shellWords } from '../../terminal/report.ts'

/** The bucket that the trail is sealed in. Throws Failure if the store has none. */
export function bucketOf({ bucket }: Store, { file }: StoreChoice): R2Bucket {
  if (bucket) return bucket
  throw new Failure(`${file} declares no R2 bucket TRAIL, so nothing is sealed`)
}

/** Does work that reads segments. Throws Failure where one cannot be read. */
export async function readingSegments<Result>(
  choice: StoreChoice,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof SegmentMissing)) throw error
    const verify = shellWords(['npm', 'run', 'clinic', '--', 'audit', 'verify'])
    throw new Failure(
      `segment ${error.message} is not in R2, or unreadable: \`${verify} ${choice.flags}\` tells what else is wrong`,
    )
  }
}
