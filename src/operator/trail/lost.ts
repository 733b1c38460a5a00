import { listKeys, readStored, type Stored } from '../../trail/bucket.ts'
import { comparePlaces, headerOf, parseKey, type Place } from '../../trail/segments.ts'

// A database that is set back to an earlier time has forgotten the segments that were sealed since, with their rows. R2
// has them still: the chain forks there. A fork is explained by a row that `resume` leaves, which stands in the order of
// the stream after all that was lost. Any other is somebody's work.

const FORGOTTEN = 'D1 knows nothing of it; after a restore in time, run `resume`'

/**
 * Follows the segments of R2 that D1 does not know, by their keys, from the digests that it knows, by their numbers.
 * `setBack` is where the stream last says that the database was set back. Gives the keys that it explains, and the first
 * segment that it does not.
 */
export async function findLost(
  bucket: R2Bucket,
  place: Place,
  strangers: Iterable<string>,
  known: ReadonlyMap<number, string>,
  setBack: string | undefined,
) {
  const followed = new Set(Array.from(known, ([n, digest]) => `${n}/${digest}`))
  const keys = new Set<string>()
  let misfit: { segment: string; found: string } | undefined
  for (const key of inOrder(strangers)) {
    const { n, sha256 } = parseKey(key)
    const stored = await readStored(bucket, place, key)
    const last = stored?.lines.at(-1)?.place
    const isExplained =
      stored?.sha256 === sha256 &&
      follows(place, n, stored, followed) &&
      last !== undefined &&
      setBack !== undefined &&
      comparePlaces(place, setBack, last) >= 0
    if (isExplained) {
      followed.add(`${n}/${sha256}`)
      keys.add(key)
    } else misfit ??= { segment: key, found: FORGOTTEN }
  }
  return { keys, misfit }
}

/** Whether a segment's first line names its place, and one of the segments before. */
function follows(place: Place, n: number, { header }: Stored, followed: ReadonlySet<string>) {
  const { previous }: { previous?: string } = JSON.parse(header)
  return followed.has(`${n - 1}/${previous}`) && header === headerOf(place, n, previous ?? '')
}

/** As many segments of a number as there were restores, and more. */
const FORKS = 100

/** The highest `seq` that R2 has of a clinic, 0 if none: a lower bound of what was given out. */
export async function highestSealed(bucket: R2Bucket, clinicId: string): Promise<number> {
  const place = { clinicId, stream: 'changes' as const }
  const keys = inOrder(await listKeys(bucket, place)).slice(-FORKS)
  const stored = await Promise.all(keys.map((key) => readStored(bucket, place, key)))
  return Math.max(0, ...stored.map((segment) => Number(segment?.lines.at(-1)?.place ?? 0)))
}

const inOrder = (keys: Iterable<string>) =>
  [...keys].sort((a, b) => parseKey(a).n - parseKey(b).n || a.localeCompare(b))
