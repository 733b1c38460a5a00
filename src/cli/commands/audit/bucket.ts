import { SegmentMissing } from '../../../operator/trail/events.ts'
import type { Store } from '../../environment/open.ts'
import { Failure } from '../../terminal/failure.ts'

/** The bucket that the trail is sealed in. Throws Failure if the store has none. */
export function bucketOf({ bucket, environment }: Store): R2Bucket {
  if (bucket) return bucket
  throw new Failure(`${environment.file} declares no R2 bucket TRAIL, so nothing is sealed`)
}

/** Does work that reads segments. Throws Failure where one cannot be read. */
export async function readingSegments<Result>(
  { environment }: Store,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof SegmentMissing)) throw error
    throw new Failure(
      `segment ${error.message} is missing from R2, or unreadable: \`npm run clinic -- audit verify ${environment.flags}\` says what else is wrong`,
    )
  }
}
