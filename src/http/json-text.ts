/** Deeper than any body of ours; a parser may recurse, and a client never needs to. */
const DEEPEST = 32

/**
 * Strings, and the characters that open and close objects and arrays and follow a key. A string without an
 * end runs to the end of the text, so that the search is linear in it.
 */
const TOKEN = /"(?:[^"\\]|\\.)*"?|[{}[\]:]/gs

/**
 * What is wrong with a JSON text that JSON.parse would not say, as a sentence: a key that an object repeats
 * (RFC 8259 §4: which of the values counts is anyone's guess), or nesting past 32 levels. The text may be
 * malformed: that is for JSON.parse to say.
 */
export function faultOfJson(text: string): string | undefined {
  const objects: Set<string>[] = []
  let lastString = ''
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') objects.push(new Set())
    else if (token === '}' || token === ']') objects.pop()
    else if (token !== ':') lastString = token
    else if (objects.at(-1)?.has(unescaped(lastString))) return 'Request body repeats a key'
    else objects.at(-1)?.add(unescaped(lastString))

    if (objects.length > DEEPEST) return 'Request body is nested too deeply'
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
