import * as z from 'zod'
import { BLANK } from '../fields/messages.ts'
import { nearest } from '../fields/nearest.ts'

type Noun = 'parameter' | 'field'

/** An answer has this many messages at most, so that a body of nonsense costs no more than its reading. */
const MOST_MESSAGES = 100

/**
 * Messages by field, of what does not fit the schema: the first hundred, and that there are more. A field of the
 * wrapper `root` goes by its own name, one of a record in a list by its place, `people[3].first_name`. A name that is
 * not known gets the known one that it is near.
 */
export function errorsOf(error: z.core.$ZodError, schema: z.ZodType, noun: Noun, root = '') {
  if (lacksWrapper(error, schema, root)) return { [root]: [wrap(schema, root)] }
  const found: (readonly [field: string, message: string])[] = []
  for (const each of messagesOf(error, schema, noun, root)) {
    found.push(found.length < MOST_MESSAGES ? each : [root, MORE])
    if (found.length > MOST_MESSAGES) break
  }
  // No object is filled field by field: one may be called __proto__.
  const byField = Map.groupBy(found, ([field]) => field)
  return Object.fromEntries(
    Array.from(byField, ([field, all]) => [field, all.map(([, message]) => message)]),
  )
}

const MORE = `has more errors than these ${MOST_MESSAGES}: correct them and send it again`

/** One message after the other, as many as are asked for. */
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

/** Whether the body is, or has, what belongs into its wrapper. */
function lacksWrapper(error: z.core.$ZodError, schema: z.ZodType, root: string): boolean {
  const inner = knownAt(schema, [root, 0])
  const isFieldOf = (key: string) => inner.includes(key) || knownAt(schema, [root]).includes(key)
  const mistyped = error.issues
    .filter(({ code }) => code === 'invalid_type')
    .map(({ path }) => path.join('.'))
  if (root !== '' && mistyped.includes('')) return true
  return (
    mistyped.includes(root) &&
    error.issues.some(
      (issue) =>
        issue.code === 'unrecognized_keys' && issue.path.length === 0 && issue.keys.some(isFieldOf),
    )
  )
}

const wrap = (schema: z.ZodType, root: string) => {
  const inner = schema instanceof z.ZodObject && schema.shape[root]
  const isList = inner && (inner instanceof z.ZodPipe ? inner.out : inner) instanceof z.ZodArray
  return `${BLANK}: send {"${root}": ${isList ? '[…]' : '{…}'}}`
}

/** Names are no parameters, since a URL ends up in logs. */
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
  // A preprocessed schema is what comes behind the preprocessing.
  return schema instanceof z.ZodPipe ? knownAt(schema.out, path) : []
}
