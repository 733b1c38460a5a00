import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { queryId, queryInteger } from '../src/fields/number.ts'
import { dateOfBirth, email, latestToday, personName, phone, ssn } from '../src/fields/person.ts'
import { isLive, SCOPES, stateOf, tokenRecord } from '../src/tokens/record.ts'
import { isWellFormedToken, mintToken, tokenKey } from '../src/tokens/token.ts'

const accepts = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown) =>
  schema.safeParse(value).success

const twoDigits = (n: number) => String(n).padStart(2, '0')
const daysOf = (year: number, month: number) => {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

describe('a name', () => {
  it('holds nothing that displays as what it is not, and stands on one line', () => {
    const overrides = [0x202a, 0x202b, 0x202c, 0x202d, 0x202e]
    const isolates = [0x2066, 0x2067, 0x2068, 0x2069]
    for (const code of [...overrides, ...isolates, 0x00, 0x07, 0x09, 0x0a, 0x0d, 0x7f, 0x85]) {
      expect(accepts(personName, `An${String.fromCodePoint(code)}a`), `${code}`).toBe(false)
    }
    expect(accepts(personName, 'An a')).toBe(true)
    // Private use has characters of Chinese and Japanese names.
    expect(accepts(personName, 'An\ue000a')).toBe(true)
  })
})

describe('an e-mail address', () => {
  it('may have a domain in upper case', () => {
    expect(accepts(email, 'ana@EXAMPLE.COM')).toBe(true)
    expect(accepts(email, 'ana@EXAMPLE')).toBe(false)
  })
})

describe('what looks like an SSN', () => {
  const digits = (count: number) =>
    fc
      .tuple(
        fc.constantFrom(0x30, 0xff10, 0x660),
        fc.stringMatching(new RegExp(`^[0-9]{${count}}$`)),
      )
      .map(([zero, text]) =>
        text.replace(/./g, (digit) => String.fromCodePoint(zero + Number(digit))),
      )
  const separator = fc.constantFrom(...'-–—‑−. _/\u00a0', ' - ', '\u200b-')
  const written = fc
    .tuple(digits(3), separator, digits(2), separator, digits(4))
    .map((parts) => parts.join(''))

  it('is refused as a name, a phone and an e-mail address, alone or as a part of a name', () => {
    fc.assert(
      fc.property(written, (number) => {
        for (const schema of [personName, phone, email]) expect(accepts(schema, number)).toBe(false)
        expect(accepts(personName, `Roe ${number}`)).toBe(false)
        expect(accepts(personName, `${number}, Ana`)).toBe(false)
      }),
    )
  })

  it('is no number of nine bare digits, nor one that begins with a plus', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9]{9}$/), (number) => {
        expect(phone.parse(number)).toBe(number)
        const dashed = `+${number.slice(0, 3)}-${number.slice(3, 5)}-${number.slice(5)}`
        expect(phone.parse(dashed)).toBe(dashed)
      }),
    )
  })
})

describe('a date of birth', () => {
  it('is accepted exactly if it is a day of the calendar, and comes out as it went in', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1900, max: 2020 }),
        fc.integer({ min: 0, max: 14 }),
        fc.integer({ min: 0, max: 33 }),
        (year, month, day) => {
          const text = `${year}-${twoDigits(month)}-${twoDigits(day)}`
          const exists = month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month)
          expect(dateOfBirth.safeParse(text).data).toBe(exists ? text : undefined)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('is never in the future anywhere on Earth, and today is fine where it began first', () => {
    const justBefore = Date.UTC(2026, 11, 31, 9, 59, 59)
    expect(latestToday(justBefore)).toBe('2026-12-31')
    expect(latestToday(justBefore + 1000)).toBe('2027-01-01')
    expect(accepts(dateOfBirth, latestToday())).toBe(true)
    expect(accepts(dateOfBirth, latestToday(Date.now() + 48 * 3600 * 1000))).toBe(false)
  })

  it('is refused in any other form', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^\s*\d{4}-\d{2}-\d{2}\s*$/.test(text))
        expect(accepts(dateOfBirth, text)).toBe(false)
      }),
    )
  })
})

describe('an SSN', () => {
  it('is any nine digits, alone or in groups that one sign separates', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9]{9}$/), (digits) => {
        const groups = [digits.slice(0, 3), digits.slice(3, 5), digits.slice(5)]
        for (const sign of ['', '-', ' ', '.']) {
          expect(ssn.parse(` ${groups.join(sign)} `)).toBe(digits)
        }
      }),
    )
  })

  it('is nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789- .*x') }), (text) => {
        fc.pre(!/^\s*(\d{3}([-. ]?)\d{2}\2\d{4})?\s*$/.test(text))
        expect(accepts(ssn, text)).toBe(false)
      }),
    )
  })
})

describe('a number in a query', () => {
  it('is read exactly, up to the largest that can be', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 64n }), (number) => {
        const read = queryId.safeParse(String(number)).data
        const expected = number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : undefined
        expect(read).toBe(expected)
      }),
    )
  })

  it('is refused unless it is digits alone and within its limit', () => {
    const pageSize = queryInteger(100)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.double().map(String),
          fc.integer().map((n) => `0x${n.toString(16)}`),
          fc.constantFrom('', ' ', '1e1', '+1', '1_0', '١', 'Infinity', 'NaN', '1,0', '1 '),
        ),
        (text) => {
          const isWithin = /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 100
          expect(accepts(pageSize, text)).toBe(isWithin)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('a token', () => {
  it('is well formed when minted, and no longer when one character changes', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...'0aZ_-é '), (at, character) => {
        const token = mintToken()
        expect(isWellFormedToken(token)).toBe(true)
        expect(token).toMatch(/^clinic_[0-9A-Za-z]{49}$/)

        const place = at % token.length
        fc.pre(token[place] !== character)
        const mistyped = token.slice(0, place) + character + token.slice(place + 1)
        expect(isWellFormedToken(mistyped)).toBe(false)
      }),
    )
  })

  it('is no other text', () => {
    fc.assert(fc.property(fc.string(), (text) => !isWellFormedToken(text)))
  })

  it('is kept under a hash that does not hold it', async () => {
    const token = mintToken()

    const key = await tokenKey(token)

    expect(key).toMatch(/^token:[0-9a-f]{64}$/)
    expect(await tokenKey(token)).toBe(key)
    expect(await tokenKey(mintToken())).not.toBe(key)
  })

  it('lives until it expires or is revoked, to the millisecond', () => {
    const record = tokenRecord.parse({
      clinic_id: 'riverside',
      label: 'test',
      scopes: SCOPES,
      created_at: '2026-01-01T00:00:00.000Z',
      expires_at: '2026-06-01T00:00:00.000Z',
      revoked_at: null,
    })
    const end = Date.UTC(2026, 5, 1)

    expect(isLive(record, end - 1)).toBe(true)
    expect(isLive(record, end)).toBe(false)
    expect(isLive({ ...record, expires_at: null }, end)).toBe(true)
    const revoked = { ...record, revoked_at: '2026-02-01T00:00:00.000Z' }
    expect(isLive(revoked, end - 1)).toBe(false)
    // What stands beside it has not been kept up to date since.
    expect(stateOf({ ...revoked, moved_to: 'eu' }, end)).toBe('moved')
  })
})
