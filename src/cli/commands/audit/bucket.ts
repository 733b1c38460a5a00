import type { Store } from '../../environment/open.ts'
import { Failure } from '../../terminal/failure.ts'

/** The bucket that the trail is sealed in. Throws Failure if the store has none. */
export function bucketOf({ bucket, environment }: Store): R2Bucket {
  if (bucket) return bucket
  throw new Failure(`${environment.file} declares no R2 bucket TRAIL, so nothing is sealed`)
}
