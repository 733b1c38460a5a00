import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldCase, foldedWords, foldIdentity, foldName } from '../src/fields/fold.ts'
import { thorough } from './support/thorough.ts'

const FOLDS = { foldCase, foldIdentity, foldName }

const ASSIGNED_OR_UNSEEN = /[^\p{Cn}\p{Co}]|\p{Default_Ignorable_Code_Point}/u

/** Every character; a short run leaves out the 98,000 unified ideographs. */
const CHARACTERS = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code))
  .filter((character) => ASSIGNED_OR_UNSEEN.test(character))
  .filter((character) => thorough(1, 0) || !/\p{Unified_Ideograph}/u.test(character))
const those = (pattern: RegExp) => CHARACTERS.filter((character) => pattern.test(character))
const oneOf = (characters: readonly string[]) =>
  fc.nat(characters.length - 1).map((n) => characters[n] ?? '')

const MARKS = those(/\p{M}/u)
const APOSTROPHES = [..."'`´‘’‛′‵ʹʻʼʽʾʿˈˊˋʹ΄᾽᾿῾՚׳Ꞌꞌ＇"]
const INVISIBLE = those(/\p{Default_Ignorable_Code_Point}/u)
/** U+0345 alone becomes a letter in upper case, behind the marks that follow it. */
const text = fc
  .string({ unit: fc.oneof(oneOf(CHARACTERS), oneOf(MARKS), oneOf(APOSTROPHES)), maxLength: 20 })
  .filter((each) => !each.normalize('NFD').includes('\u0345'))

describe('folding', () => {
  it.each(Object.entries(FOLDS))('twice is folding once, for every character: %s', (_, fold) => {
    for (const character of CHARACTERS) {
      for (const name of [character, `Σ${character}\u0301 b`]) {
        const once = fold(name)
        if (fold(once) !== once) expect.fail(`U+${character.codePointAt(0)?.toString(16)}`)
      }
    }
  })

  it.each(Object.entries(FOLDS))('twice is folding once, for every text: %s', (_, fold) => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'binary', maxLength: 300 })), (name) => {
        expect(fold(fold(name))).toBe(fold(name))
      }),
      { numRuns: 5000 },
    )
  })

  it.each(Object.entries(FOLDS))("doesn't count case and form: %s", (_, fold) => {
    const variants = (name: string) => [
      ...[name.toUpperCase(), name.toLowerCase(), name.normalize('NFC'), name.normalize('NFD')],
      ...[name.normalize('NFKC'), name.normalize('NFKD')],
    ]
    for (const character of CHARACTERS) {
      const folded = fold(character)
      if (variants(character).some((each) => fold(each) !== folded)) {
        expect.fail(`U+${character.codePointAt(0)?.toString(16)}`)
      }
    }
    fc.assert(
      fc.property(text, (name) => {
        for (const each of variants(name.normalize('NFD'))) expect(fold(each)).toBe(fold(name))
      }),
      { numRuns: 5000 },
    )
  })

  it('by identity or for search drops apostrophes and characters that do not show', () => {
    const letters = fc.string({ unit: oneOf(those(/\p{L}/u)), minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(letters, letters, oneOf([...APOSTROPHES, ...INVISIBLE]), (a, b, character) => {
        expect(foldIdentity(a + character + b)).toBe(foldIdentity(a + b))
        expect(foldName(a + character + b)).toBe(foldName(a + b))
      }),
      { numRuns: 5000 },
    )
  })

  it('by identity is folding for search, and more', () => {
    fc.assert(
      fc.property(text, (name) => {
        expect(foldName(foldIdentity(name))).toBe(foldName(name))
      }),
      { numRuns: 5000 },
    )
  })

  it('never drops a mark of a script that is not Latin, Greek or Cyrillic', () => {
    const shown = MARKS.filter((mark) => !INVISIBLE.includes(mark))
    const others = those(/\p{L}/u).filter(
      (letter) => !/[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Common}]/u.test(letter),
    )
    fc.assert(
      fc.property(oneOf(others), oneOf(shown), oneOf(shown), oneOf(others), (a, one, two, b) => {
        const marked = [a + b, a + one + b, a + two + b]
        const forms = new Set(marked.map((name) => name.normalize('NFKC')))
        expect(new Set(marked.map(foldName)).size).toBe(forms.size)
      }),
      { numRuns: 20_000 },
    )
  })

  it.each([
    ["O'Neil", 'oneil', 'oneil'],
    ['O´Brien', 'obrien', 'obrien'],
    ['ʻOkina Kaʿba', 'okina kaba', 'okina kaba'],
    ['Muñoz', 'munoz', 'muñoz'],
    ['Ørsted-Łucja Đặng', 'orsted lucja dang', 'ørsted-łucja đặng'],
    ['Ðuro Ħal Ŧor Þórr Œuvre ıĸ', 'duro hal tor thorr oeuvre iĸ', 'ðuro ħal ŧor þórr œuvre iĸ'],
    ['STRAUẞ', 'strauss', 'strauss'],
    ['Æsop', 'aesop', 'æsop'],
    ['ΚΩΣΤΑΣ', 'κωστασ', 'κωστασ'],
    ['Йосиф Ёлкин', 'иосиф елкин', 'йосиф ёлкин'],
    ['सुनील', 'सुनील', 'सुनील'],
    ['ガン', 'ガン', 'ガン'],
    [' Mary \u00a0 Ann\u200b ', 'mary ann', 'mary ann'],
    ['İPEK Işık', 'ipek isik', 'i\u0307pek işik'],
  ])('%s is searched as %s and is the person %s', (name, searched, identity) => {
    expect(foldName(name)).toBe(searched.normalize('NFC'))
    expect(foldIdentity(name)).toBe(identity.normalize('NFC'))
  })

  it.each([
    ['Solène', 'SOLE\u0300NE'],
    ['GROẞE Kasse', 'große kasse'],
    ['ΟΔΟΣ', 'οδος'],
  ])('of a carrier takes %s for %s', (one, other) => {
    expect(foldCase(one)).toBe(foldCase(other))
  })

  it('gives words whose marks stay with their letters', () => {
    expect(foldedWords('किरण Gold–Plus')).toEqual(['किरण', 'gold', 'plus'])
  })

  it('makes no more than 512 characters of a name, and never one of two identities', () => {
    const long = '\ufdfa'.repeat(254)
    for (const fold of [foldName, foldIdentity]) {
      expect(Array.from(fold(`${long}a`)).length).toBeLessThanOrEqual(512)
    }
    expect(foldIdentity(`${long}a`)).not.toBe(foldIdentity(`${long}b`))
    expect(foldName(foldName(`${long}a`))).toBe(foldName(`${long}a`))
  })
})
