/** Deeper than any body of ours; a parser may recurse, and a client never needs to. */
const DEEPEST = 32

const MOST_DIGITS = 17

/**
 * Strings, and the characters that open and close objects and arrays and follow a key. An unterminated string
 * runs to the end of the text, so that the search takes linear time.
 */
const TOKEN = /"(?:[^"\\]|\\.)*"?|[{}[\]:]|\d[\d.]*/gs

/** The name of a refusal, and where it applies. */
type Fault = { name: 'notJson' | 'repeatedKey' | 'tooDeep' | 'tooPrecise'; detail?: string }

/** What is wrong with a text that is to be JSON, if anything. */
export const faultOfJson = (text: string): Fault | undefined =>
  faultOfSense(text) ?? faultOfForm(text)

/**
 * What is wrong with a JSON text although JSON.parse accepts it: an object that repeats a key (RFC 8259 §4:
 * parsers disagree which value counts), nesting past 32 levels, or a number that it would round.
 */
function faultOfSense(text: string): Fault | undefined {
  const objects: Set<string>[] = []
  let lastString = ''
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') objects.push(new Set())
    else if (token === '}' || token === ']') objects.pop()
    else if (token.startsWith('"')) lastString = token
    else if (token !== ':' && isTooPrecise(token)) return { name: 'tooPrecise' }
    else if (token !== ':') continue
    else if (objects.at(-1)?.has(unescaped(lastString))) return { name: 'repeatedKey' }
    else objects.at(-1)?.add(unescaped(lastString))

    if (objects.length > DEEPEST) return { name: 'tooDeep' }
  }
  return undefined
}

/** A double holds 17 digits, the zeros around them aside: 1049.0000000000000000001 would be read as 1049. */
const isTooPrecise = (number: string) =>
  number.replace('.', '').replace(/^0+|0+$/g, '').length > MOST_DIGITS

/** `"\\u0061"` and `"a"` are the same key. */
function unescaped(literal: string): string {
  try {
    return String(JSON.parse(literal))
  } catch {
    return literal
  }
}

/** Where a text stops being JSON. What stands there is not told: it may be a name. */
function faultOfForm(text: string): Fault | undefined {
  if (messageOf(text) === undefined) return undefined
  // The longest beginning that could still become JSON, by halves.
  let [good, bad] = [0, text.length + 1]
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (isBeginning(text.slice(0, middle))) good = middle
    else bad = middle
  }
  const lines = text.slice(0, good).split('\n')
  const detail = `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`
  return { name: 'notJson', detail }
}

/** Whether more text could make it JSON: what is wrong with it is that it ends. */
function isBeginning(text: string): boolean {
  const message = messageOf(text)
  const [, position] = /position (\d+)/.exec(message ?? '') ?? []
  return (
    message === undefined || /^Unexpected end/.test(message) || Number(position) === text.length
  )
}

/** What JSON.parse has to say against a text. */
function messageOf(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
}
