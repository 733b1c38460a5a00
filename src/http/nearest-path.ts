import { nearest } from '../fields/nearest.ts'

/** No pattern of ours is longer, in segments, than this. */
const MOST_SEGMENTS = 8

const segmentsOf = (path: string) => path.split('/').filter((segment) => segment !== '')

/**
 * The path of one of these patterns that was probably meant: one with a slash or `.json` behind it, without its
 * beginning, spelled otherwise, mistyped, or without its last parameter.
 */
export function nearestPath(
  patterns: readonly string[],
  base: string,
  path: string,
): string | undefined {
  const given = segmentsOf(path.replace(/\.json$/i, ''))
  if (given.length === 0 || given.length > MOST_SEGMENTS) return undefined
  const candidates = [given, ['v1', ...given], [...segmentsOf(base), ...given]]
  for (const hasLast of [true, false]) {
    for (const candidate of candidates) {
      for (const pattern of patterns) {
        const meant = matched(segmentsOf(pattern), candidate, hasLast)
        if (meant !== undefined) return `/${meant.join('/')}`
      }
    }
  }
  return undefined
}

/** The pattern with the given values of its parameters, if what is given is near it. */
function matched(
  pattern: readonly string[],
  given: readonly string[],
  hasLast: boolean,
): string[] | undefined {
  if (pattern.length !== given.length + (hasLast ? 0 : 1)) return undefined
  const meant: string[] = []
  for (const [n, segment] of pattern.entries()) {
    const value = given[n]
    const isParameter = segment.startsWith(':')
    if (value === undefined && !isParameter) return undefined
    if (value !== undefined && !isParameter && nearest(value, [segment]) === undefined) {
      return undefined
    }
    meant.push(isParameter ? (value ?? `{${segment.slice(1)}}`) : segment)
  }
  return meant
}
