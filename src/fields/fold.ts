// How names and words are compared. Stored and answered values stay as given.

/** Latin letters that Unicode doesn't decompose, as people type them on a keyboard without them. */
// prettier-ignore
const LETTERS: Record<string, string> = {
  ø: 'o', đ: 'd', ð: 'd', ħ: 'h', ı: 'i', ł: 'l', ŧ: 't',
  æ: 'ae', œ: 'oe', þ: 'th',
}

/** Apostrophes, and what people type instead. */
const APOSTROPHES = "['`´‘’‛′‵ʹʻʼʽʾʿˈˊˋʹ΄᾽᾿῾՚׳❛❜Ꞌꞌ＇｀]"
/** Apostrophes (NFKC turns some into a space and a mark), and invisible characters. */
const UNSEEN = new RegExp(
  String.raw`${APOSTROPHES}| [\u0301\u0313\u0314]|\p{Default_Ignorable_Code_Point}`,
  'gu',
)

/** Marks after a Latin, Greek or Cyrillic letter. In other scripts, marks are vowels and consonants. */
const ACCENTS =
  /([[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}]--\p{M}])[\p{M}&&[\p{sc=Inherited}\p{sc=Cyrillic}]]+/gv

/** The longest folded name, in characters: folding may lengthen one. NFKC turns U+FDFA into 18. */
const LONGEST = 512

/** Folds until nothing changes: one pass may produce what the next folds, such as U+0149's apostrophe. */
function settled(text: string, fold: (text: string) => string): string {
  const folded = fold(text)
  return folded === text ? text : settled(folded, fold)
}

/** JavaScript has no case folding. Lower case turns ẞ into ß, then upper case ß into SS. A final sigma is a sigma. */
const caseFolded = (text: string, form: 'NFC' | 'NFKC') =>
  text
    .normalize(form)
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .normalize(form)

/** Ignores case and composition: `SOLÈNE` is `Solène`, `GROẞE` is `große`. */
export const foldCase = (text: string) => settled(text, (each) => caseFolded(each, 'NFKC'))

/**
 * The same for two spellings of one person's name. Accents and other marks count; case, composition, blanks,
 * apostrophes and invisible characters don't.
 */
export function foldIdentity(name: string): string {
  const foldBy = (form: 'NFC' | 'NFKC') =>
    settled(name, (text) => caseFolded(text, form).replace(UNSEEN, '').replace(/\s+/gu, ' ').trim())
  const folded = foldBy('NFKC')
  // Truncated, two names might become one.
  return folded.length > LONGEST ? foldBy('NFC') : folded
}

/** For search. Ignores accents, case and apostrophes; punctuation is a space: `oneil` is `O'Neil`, `munoz` `Muñoz`. */
export function foldName(name: string): string {
  const folded = settled(name, (text) =>
    caseFolded(text, 'NFKC')
      .replace(UNSEEN, '')
      .normalize('NFD')
      .replace(ACCENTS, '$1')
      .replace(/[øđðħıłŧæœþ]/g, (letter) => LETTERS[letter] ?? letter)
      .replace(/[\s\p{P}]+/gu, ' ')
      .normalize('NFC')
      .trim(),
  )
  if (folded.length <= LONGEST) return folded
  return Array.from(folded).slice(0, LONGEST).join('').trimEnd()
}

/**
 * Where else search finds a name, apart from its beginning: the text after each blank, punctuation mark or apostrophe,
 * folded. García O'Neil is found by `oneil` and `neil`.
 */
export function laterWords(name: string): string[] {
  const folded = foldName(name)
  const behindBlanks = [...folded.matchAll(/ /g)].map(({ index }) => folded.slice(index + 1))
  const behindApostrophes = [...name.matchAll(new RegExp(APOSTROPHES, 'gu'))].map(({ index }) =>
    foldName(name.slice(index)),
  )
  const words = new Set([...behindBlanks, ...behindApostrophes])
  return [...words].filter((word) => word !== '' && word !== folded)
}

/** The distinct folded words of a text, which search finds by their beginnings. */
export const foldedWords = (text: string) => [
  ...new Set(foldName(text).match(/[\p{L}\p{M}\p{N}]+/gu)),
]
