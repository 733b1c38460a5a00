import { sealTrail } from '../../../trail/seal.ts'
import { onStore } from '../../environment/command.ts'
import type { Store } from '../../environment/open.ts'
import { Failure } from '../../terminal/failure.ts'
import { counted } from '../../terminal/report.ts'

export const command = onStore({
  example: 'audit seal --local',
  takes: {},
  async work(_, store) {
    const sealed = await sealTrail(store.db, bucketOf(store))
    const { segments, rows, aged, unfit, oldest_seconds } = sealed
    const lines = [
      `${counted(rows)} rows sealed in ${counted(segments)} segments, ${counted(aged)} left D1`,
      ...(oldest_seconds > 0
        ? [`what is left has waited for ${counted(oldest_seconds)} seconds: run this again`]
        : []),
      ...unfit.map((key) => `${key} cannot be sealed: its rows have changed, or R2 has others`),
    ]
    return { json: sealed, lines, failed: unfit.length > 0 }
  },
})

/** The bucket that the trail is sealed in. Throws Failure if the store has none. */
export function bucketOf({ bucket, environment }: Store): R2Bucket {
  if (bucket) return bucket
  throw new Failure(`${environment.file} declares no R2 bucket TRAIL, so nothing is sealed`)
}
