import type * as z from 'zod'
import { parsedJson } from './parsed-json.ts'

export type LruCache<Value> = ReturnType<typeof lruCache<Value>>

/** Keeps the `entries` values that were used most recently: isolates have 128 MB, and live for days. */
export function lruCache<Value>(entries: number) {
  const memory = new Map<string, Value>()
  function set(key: string, value: Value): void {
    // A Map keeps insertion order, so deleting the key first makes it the newest.
    memory.delete(key)
    const [oldest] = memory.keys()
    if (memory.size >= entries && oldest !== undefined) memory.delete(oldest)
    memory.set(key, value)
  }
  return {
    get(key: string): Value | undefined {
      const value = memory.get(key)
      if (value !== undefined) set(key, value)
      return value
    },
    set,
  }
}

/**
 * Parses JSON texts by a schema, and keeps the `entries` results that were used most recently: every request reads the
 * same few records.
 * Undefined if there is no text, or it doesn't fit.
 */
export function recordReader<Schema extends z.ZodType>(entries: number, schema: Schema) {
  const memory = lruCache<z.output<Schema>>(entries)
  return (text: string | null | undefined) => {
    if (typeof text !== 'string') return undefined
    const known = memory.get(text)
    if (known !== undefined) return known

    const { data } = schema.safeParse(parsedJson(text))
    if (data !== undefined) memory.set(text, data)
    return data
  }
}
