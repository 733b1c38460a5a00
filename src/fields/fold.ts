// How names and words are compared. What is stored and answered stays as it was given.

/** Latin letters that Unicode doesn't take apart, as people type them on a keyboard that lacks them. */
// prettier-ignore
const LETTERS: Record<string, string> = {
  ø: 'o', đ: 'd', ð: 'd', ħ: 'h', ı: 'i', ł: 'l', ŧ: 't',
  æ: 'ae', œ: 'oe', þ: 'th',
}

/** Apostrophes, and what people type for them. */
const APOSTROPHES = "['`´‘’‛′‵ʹʻʼʽʾʿˈˊˋʹ΄᾽᾿῾՚׳❛❜Ꞌꞌ＇｀]"
/** The same (NFKC makes some a blank with a mark), and characters that don't show. */
const UNSEEN = new RegExp(
  String.raw`${APOSTROPHES}| [\u0301\u0313\u0314]|\p{Default_Ignorable_Code_Point}`,
  'gu',
)

/** Marks behind a Latin, Greek or Cyrillic letter. In other scripts marks are vowels and consonants. */
const ACCENTS =
  /([[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}]--\p{M}])[\p{M}&&[\p{sc=Inherited}\p{sc=Cyrillic}]]+/gv

/** The longest folded name, in characters: NFKC makes 18 of U+FDFA alone. */
const LONGEST = 512

/** One pass may make what another folds further, such as the apostrophe of U+0149, so fold until nothing changes. */
function settled(text: string, fold: (text: string) => string): string {
  const folded = fold(text)
  return folded === text ? text : settled(folded, fold)
}

/** JavaScript has no case folding; lower case first takes ẞ to ß, upper case ß to SS. A final sigma is a sigma. */
const caseFolded = (text: string, form: 'NFC' | 'NFKC') =>
  text
    .normalize(form)
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .normalize(form)

/** Without regard to case and composition: `SOLÈNE` is `Solène`, `GROẞE` is `große`. */
export const foldCase = (text: string) => settled(text, (each) => caseFolded(each, 'NFKC'))

/**
 * What two spellings of one person's name have in common: accents and other marks count; case, composition, blanks,
 * apostrophes and characters that don't show do not.
 */
export function foldIdentity(name: string): string {
  const foldBy = (form: 'NFC' | 'NFKC') =>
    settled(name, (text) => caseFolded(text, form).replace(UNSEEN, '').replace(/\s+/gu, ' ').trim())
  const folded = foldBy('NFKC')
  // Cut short, two names might become one.
  return folded.length > LONGEST ? foldBy('NFC') : folded
}

/** For search. Accents, case and apostrophes don't count, and punctuation is a space: `oneil` is `O'Neil`, `munoz` `Muñoz`. */
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
 * What search finds a name by, besides its beginning: all that follows a blank, punctuation or an apostrophe, folded.
 * García O'Neil is found at `oneil` and `neil`.
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

/** The different words of a text, folded, as search finds them by their beginnings. */
export const foldedWords = (text: string) => [
  ...new Set(
    foldName(text)
      .split(/[^\p{L}\p{M}\p{N}]+/u)
      .filter(Boolean),
  ),
]
