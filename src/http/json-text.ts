/** Deeper than any body of ours. Parsers may recurse, so the depth needs a limit. */
const DEEPEST = 32

const MOST_DIGITS = 17

/** Strings, numbers, and the characters that open and close objects and arrays and follow a key. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]|\d[\d.]*/gs

/** A number from its first to its last digit that isn't 0. Matching the zeros at its end instead would be quadratic. */
const SIGNIFICANT = /[1-9](?:[\d.]*[1-9])?/

/** The name of a refusal, and the line and column, if they are known. */
type Fault = { name: 'notJson' | 'repeatedKey' | 'tooDeep' | 'tooPrecise'; detail?: string }

/** What is wrong with a text that should be JSON, if anything. The syntax is checked first: the rest relies on it. */
export const faultOfJson = (text: string): Fault | undefined =>
  faultOfForm(text) ?? faultOfSense(text)

/**
 * What is wrong with a text that JSON.parse accepts: a repeated key (RFC 8259 §4: parsers disagree which value counts),
 * nesting past 32 levels, or a number that it would round.
 */
function faultOfSense(text: string): Fault | undefined {
  const objects: Set<string>[] = []
  let key = { literal: '', index: 0 }
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      if (objects.length === DEEPEST) return { name: 'tooDeep', detail: placeOf(text, index) }
      objects.push(new Set())
    } else if (token === '}' || token === ']') objects.pop()
    else if (token.startsWith('"')) key = { literal: token, index }
    else if (token !== ':') {
      if (isTooPrecise(token)) return { name: 'tooPrecise', detail: placeOf(text, index) }
    } else {
      const name = String(JSON.parse(key.literal))
      const names = objects.at(-1)
      if (names?.has(name)) return { name: 'repeatedKey', detail: placeOf(text, key.index) }
      names?.add(name)
    }
  }
  return undefined
}

/** A double holds 17 significant digits: 1049.0000000000000000001 would be read as 1049. */
const isTooPrecise = (number: string) =>
  (SIGNIFICANT.exec(number)?.[0] ?? '').replace('.', '').length > MOST_DIGITS

/** Why JSON.parse refuses a text, and where, if it says so. The text isn't quoted, since it may hold a name. */
function faultOfForm(text: string): Fault | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    const isCut = message.startsWith('Unexpected end')
    const index = isCut ? text.length : Number(/position (\d+)/.exec(message)?.[1])
    return { name: 'notJson', ...(!Number.isNaN(index) && { detail: placeOf(text, index) }) }
  }
}

function placeOf(text: string, index: number): string {
  const lines = text.slice(0, index).split('\n')
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`
}
