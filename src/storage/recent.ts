import type * as z from 'zod'

export type Recent<Value> = ReturnType<typeof recent<Value>>

/** The values of the keys that were set last, at most `entries` of them: isolates have 128 MB, and live for days. */
export function recent<Value>(entries: number) {
  const memory = new Map<string, Value>()
  return {
    get: (key: string): Value | undefined => memory.get(key),
    set(key: string, value: Value): void {
      // A map keeps its keys in the order in which they came.
      memory.delete(key)
      const [oldest] = memory.keys()
      if (memory.size >= entries && oldest !== undefined) memory.delete(oldest)
      memory.set(key, value)
    },
  }
}

/**
 * Reads JSON texts by a schema and remembers the results of the last `entries` of them: for the few records
 * that every request reads, which would otherwise be parsed and checked each time.
 */
export function recordReader<Schema extends z.ZodType>(entries: number, schema: Schema) {
  const memory = recent<z.ZodSafeParseResult<z.output<Schema>>>(entries)
  return (text: string) => {
    const known = memory.get(text)
    if (known !== undefined) return known

    const made = schema.safeParse(parsed(text))
    memory.set(text, made)
    return made
  }
}

/** The value that the text stands for; undefined if it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
