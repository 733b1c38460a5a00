/** Deeper than any body of ours; a parser may recurse, and a client never needs to. */
const DEEPEST = 32

/**
 * Strings, and the characters that open and close objects and arrays and follow a key. An unterminated string
 * runs to the end of the text, so that the search takes linear time.
 */
const TOKEN = /"(?:[^"\\]|\\.)*"?|[{}[\]:]/gs

/**
 * What is wrong with a JSON text although JSON.parse accepts it: an object that repeats a key (RFC 8259 §4:
 * parsers disagree which value counts), or nesting past 32 levels. Malformed text is left to JSON.parse.
 */
export function faultOfJson(text: string): 'repeatedKey' | 'tooDeep' | undefined {
  const objects: Set<string>[] = []
  let lastString = ''
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') objects.push(new Set())
    else if (token === '}' || token === ']') objects.pop()
    else if (token !== ':') lastString = token
    else if (objects.at(-1)?.has(unescaped(lastString))) return 'repeatedKey'
    else objects.at(-1)?.add(unescaped(lastString))

    if (objects.length > DEEPEST) return 'tooDeep'
  }
  return undefined
}

/** `"\\u0061"` and `"a"` are the same key. */
function unescaped(literal: string): string {
  try {
    return String(JSON.parse(literal))
  } catch {
    return literal
  }
}
