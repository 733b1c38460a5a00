// How texts are compared where their spelling does not count. What is stored and answered is as it was given.

/** Letters that Unicode does not take apart, as people type them on a keyboard that lacks them. */
const LETTERS: Record<string, string> = {
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  ł: 'l',
  ŧ: 't',
  æ: 'ae',
  œ: 'oe',
  þ: 'th',
}

/** Case does not count, nor how a letter is composed: `SOLÈNE` is `Solène`. */
export const foldCase = (text: string) =>
  text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFC')

/** Accents, case and apostrophes do not count, and a hyphen is a space: `oneil` is `O'Neil`, `munoz` is `Muñoz`. */
export const foldName = (text: string) =>
  foldCase(text)
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/['’‘ʼʻ`´]/g, '')
    .replace(/[øđðħıłŧæœþ]/g, (letter) => LETTERS[letter] ?? letter)
    .replace(/[\s\p{P}]+/gu, ' ')
    .trim()

/** The different words of a text, folded, as search finds them by their beginnings. */
export const foldedWords = (text: string) => [
  ...new Set(
    foldName(text)
      .split(/[^\p{L}\p{N}]+/u)
      .filter(Boolean),
  ),
]
