import { nearest } from '../fields/nearest.ts'

/** None of our paths has more segments. */
const MOST_SEGMENTS = 8

const segmentsOf = (path: string) => path.split('/').filter((segment) => segment !== '')

/**
 * The path that was probably meant, if the given one ends in a slash or `.json`, lacks its beginning or its last
 * parameter, or is misspelled.
 */
export function nearestPath(patterns: readonly string[], base: string, path: string) {
  const given = segmentsOf(path.replace(/\.json$/i, ''))
  if (given.length === 0 || given.length > MOST_SEGMENTS) return undefined
  const candidates = [given, ['v1', ...given], [...segmentsOf(base), ...given]]
  const known = patterns.map(segmentsOf)
  for (const missing of [0, 1]) {
    for (const candidate of candidates) {
      const near = known.find((pattern) => isNear(pattern, candidate, missing))
      if (near) return `/${near.map((segment, n) => valueOf(segment, candidate[n])).join('/')}`
    }
  }
  return undefined
}

const isParameter = (segment: string) => segment.startsWith(':')

/** Whether the path is near the pattern, of whose last parameters some may be `missing`. */
const isNear = (pattern: readonly string[], given: readonly string[], missing: number) =>
  pattern.length === given.length + missing &&
  pattern.every(
    (segment, n) => isParameter(segment) || nearest(given[n] ?? '', [segment]) !== undefined,
  )

const valueOf = (segment: string, value = `{${segment.slice(1)}}`) =>
  isParameter(segment) ? value : segment
