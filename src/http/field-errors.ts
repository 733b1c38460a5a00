import * as z from 'zod'
import { BLANK } from '../fields/messages.ts'
import { nearest } from '../fields/nearest.ts'

type Noun = 'parameter' | 'field'

/** The most messages in an answer, so that a body full of errors stays cheap. */
const MOST_MESSAGES = 100

/**
 * Validation messages by field: the first hundred, and one more if there are others. A field inside the wrapper `root`
 * goes by its own name, one of a list's records by place, `people[3].first_name`. For an unknown name, the nearest
 * known one is suggested.
 */
export function errorsOf(error: z.core.$ZodError, schema: z.ZodType, noun: Noun, root = '') {
  if (lacksWrapper(error, schema, root)) return { [root]: [wrap(schema, root)] }
  const found: (readonly [field: string, message: string])[] = []
  for (const each of messagesOf(error, schema, noun, root)) {
    found.push(found.length < MOST_MESSAGES ? each : [root, MORE])
    if (found.length > MOST_MESSAGES) break
  }
  // Object.fromEntries is safe even for a field called __proto__.
  const byField = Map.groupBy(found, ([field]) => field)
  return Object.fromEntries(
    Array.from(byField, ([field, all]) => [field, all.map(([, message]) => message)]),
  )
}

const MORE = `has more errors than these ${MOST_MESSAGES}: correct them and send it again`

/** Yields messages one by one, so that the caller can stop early. */
function* messagesOf(error: z.core.$ZodError, schema: z.ZodType, noun: Noun, root: string) {
  for (const issue of error.issues) {
    if (issue.code === 'unrecognized_keys') {
      const known = knownAt(schema, issue.path)
      for (const key of issue.keys) {
        yield [fieldAt([...issue.path, key], root), unknown(key, known, noun)] as const
      }
    } else {
      const isWhole = issue.code === 'invalid_type' && ['object', 'array'].includes(issue.expected)
      yield [fieldAt(issue.path, root), isWhole ? BLANK : issue.message] as const
    }
  }
}

/** Whether the wrapper was forgotten: the body isn't an object, or has a record's fields at its top level. */
function lacksWrapper(error: z.core.$ZodError, schema: z.ZodType, root: string): boolean {
  const known = [...knownAt(schema, [root, 0]), ...knownAt(schema, [root])]
  const mistyped = error.issues
    .filter(({ code }) => code === 'invalid_type')
    .map(({ path }) => path.join('.'))
  if (root !== '' && mistyped.includes('')) return true
  const extra = error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [],
  )
  return mistyped.includes(root) && extra.some((key) => known.includes(key))
}

const wrap = (schema: z.ZodType, root: string) => {
  const inner = schema instanceof z.ZodObject && schema.shape[root]
  const isList = inner && (inner instanceof z.ZodPipe ? inner.out : inner) instanceof z.ZodArray
  return `${BLANK}: send {"${root}": ${isList ? '[…]' : '{…}'}}`
}

/** People's data must not be in parameters, since URLs end up in logs. */
const SEARCHED = ['name', 'first_name', 'last_name', 'date_of_birth', 'dob']

function unknown(name: string, known: readonly string[], noun: Noun): string {
  if (noun === 'parameter' && SEARCHED.includes(name) && !known.includes('search')) {
    return 'is not a known parameter; to find people, use POST on the path with /search behind it'
  }
  const meant = nearest(name, known)
  return `is not a known ${noun}${meant === undefined ? '' : `; did you mean ${meant}?`}`
}

function fieldAt(path: readonly PropertyKey[], root: string): string {
  if (path.length === 0) return root
  const isWrapped = path[0] === root && path.length > 1 && typeof path[1] !== 'number'
  return path
    .slice(isWrapped ? 1 : 0)
    .map((part, n) =>
      typeof part === 'number' ? `[${part}]` : `${n > 0 ? '.' : ''}${String(part)}`,
    )
    .join('')
}

/** The keys that the schema knows at a path. */
function knownAt(schema: z.core.$ZodType | undefined, path: readonly PropertyKey[]): string[] {
  const [part, ...rest] = path
  if (schema instanceof z.ZodObject) {
    if (part === undefined) return Object.keys(schema.shape)
    return knownAt(schema.shape[String(part)], rest)
  }
  if (schema instanceof z.ZodArray) return knownAt(schema.element, rest)
  // A preprocessed schema has the keys of its output.
  return schema instanceof z.ZodPipe ? knownAt(schema.out, path) : []
}
