/** The values of the keys that were set last, at most `entries` of them: isolates have 128 MB, and live for days. */
export type Recent<Value> = ReturnType<typeof recent<Value>>

export function recent<Value>(entries: number) {
  const memory = new Map<string, Value>()
  return {
    get: (key: string): Value | undefined => memory.get(key),
    set(key: string, value: Value): void {
      const [oldest] = memory.keys()
      if (memory.size >= entries && oldest !== undefined) memory.delete(oldest)
      memory.set(key, value)
    },
  }
}

/**
 * `make`, remembering what it made of the texts it met last, at most `entries` of them: for the few records
 * that every request reads, which would otherwise be parsed and checked each time.
 */
export function remembering<Made>(
  entries: number,
  make: (text: string) => Made,
): (text: string) => Made {
  const memory = recent<Made>(entries)
  return (text) => {
    const known = memory.get(text)
    if (known !== undefined) return known

    const made = make(text)
    memory.set(text, made)
    return made
  }
}

/** The value that the text stands for; undefined if it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
